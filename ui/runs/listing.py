"""The list of all runs: search, filters, order, pages, and the selection to compare."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import streamlit as st

from trainer.runs.index import RunRow, search, sort_rows
from trainer.runs.owner import owner_hash
from trainer.runs.store import RUN_ID
from trainer.text import counted, percent, shortened
from ui import load_control
from ui.html import style
from ui.markdown import literal
from ui.run_index import run_index
from ui.runs import sweep_row, table
from ui.runs.sweep_row import SweepRow

PAGE_ROWS = 50
MAX_COMPARED = 6  # runs
NAME_LENGTH = 24  # characters of a selected run's name
POLL_SECONDS = 3.0  # between two updates while a run trains
READING_SECONDS = 0.7  # between two updates while run directories are read
ANY = "Any"
SORTS = {field: (word, help) for _, sorts in table.COLUMNS for field, word, help in sorts}
DESCENDING_FIRST = ("created", "test_accuracy", "val_accuracy", "epochs")  # others are ascending at first
TABLE = "runs.table"
# The table may be longer than the screen: the selection and its buttons stay in view.
STYLE = Path(__file__).with_suffix(".css")


def render() -> None:
    """Render the list, refreshed while one of its runs trains."""
    style(STYLE)
    every = st.session_state.get("runs.every")
    st.fragment(_render_list, run_every=every)(every)


def _render_list(every: float | None) -> None:
    known = run_index()
    rows, reading = known.rows(), known.progress
    if reading:
        done, total = reading
        st.progress(done / total, f"Reading {total:,} runs … {percent(done / total, 0)}")
    if not rows and not reading:
        st.info("No runs yet. Every run stays here, to compare and download.")
        st.page_link("pages/train.py", label="Train a network", icon=":material/model_training:")
        return
    mine = owner_hash(st.session_state.owner)
    titles = table.titles(sorted({row.dataset for row in rows if row.dataset}))
    wanted = _select_rows(rows, titles, mine)
    by, falling = st.session_state["runs.by"], st.session_state["runs.falling"]
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="runs-pages"):
        shown = _select_page(sweep_row.fold(sort_rows(wanted, by, falling, mine)), len(rows))
        if not _selected():
            st.space("stretch")
            st.caption(f"Select 2 to {MAX_COMPARED} runs to compare them.", width="content")
    if not shown:
        st.info("No runs match. Change the search or the filters.")
        st.button(
            "Show all", on_click=_show_all, icon=":material/filter_alt_off:", help="Clear the search and the filters."
        )
    handlers = {"sorted": _sort_by_header, "chosen": _select_in_table, "unfolded": _unfold_in_table}
    handlers |= dict.fromkeys(("swept", "opened"), lambda: None)
    selected = st.session_state.setdefault("runs.version", 0), _selected()
    unfolded = {*st.session_state.get("runs.unfolded", ()), st.query_params.get("group", "")}
    pressed = None
    if shown:
        pressed = table.render(shown, titles, mine, by, falling, selected, unfolded, MAX_COMPARED, handlers, TABLE)
    if pressed and pressed.swept:
        st.switch_page("pages/sweep.py", query_params={"sweep": str(pressed.swept)})
    if pressed and (opened := pressed.opened) and st.session_state.engine.runs.get(str(opened)):
        st.query_params["run"] = opened
        st.rerun()
    _render_selection(rows, complete=not reading)
    live = any(row.live for row in shown)
    pace = READING_SECONDS if reading else load_control.poll_seconds(POLL_SECONDS, every) if live else None
    if pace != every:
        st.session_state["runs.every"] = pace
        st.rerun()


# --- search, filters and order --------------------------------------------------------------------------------


def _select_rows(rows: Sequence[RunRow], titles: dict[str, str], mine: str) -> list[RunRow]:
    """Render search, filters and order, and return the rows that match."""
    st.session_state.setdefault("runs.by", "created")
    st.session_state.setdefault("runs.falling", True)
    with st.container(horizontal=True, vertical_alignment="bottom", key="runs-filters"):
        words = st.text_input(
            "Search",
            placeholder="Name, note, layers …",
            help="Finds runs whose name, note, layers, optimizer or data set contain every word, such as `adam small`. "
            "“Only mine” are those that were started in this browser. The headers of the table sort, too; pinned runs "
            "come first.",
            icon=":material/search:",
            max_chars=100,
            on_change=_first_page,
            persist_state="session",
            key="runs.words",
        )
        phase = st.selectbox(
            "State",
            (ANY, *table.MARKS),
            format_func=lambda phase: phase if phase == ANY else f"{table.MARKS[phase]} {phase}",
            width=126,
            on_change=_first_page,
            persist_state="session",
            key="runs.phase",
        )
        previous = st.session_state.get("runs.dataset", ANY)
        dataset = st.selectbox(
            "Data set",
            dict.fromkeys((ANY, previous, *titles)),
            format_func=lambda name: titles.get(name, name),
            width=126,
            on_change=_first_page,
            persist_state="session",
            key="runs.dataset",
        )
        st.selectbox(
            "Sort by",
            SORTS,
            format_func=lambda field: SORTS[field][0],
            width=126,
            on_change=_sort,
            persist_state="session",
            key="runs.by",
        )
        falling = st.session_state["runs.falling"]
        st.button(
            _order_label(st.session_state["runs.by"], falling),
            icon=":material/south:" if falling else ":material/north:",
            on_click=_reverse_order,
            help="Reverse the order.",
            key="runs.turn",
        )
        own = st.toggle(
            "Only mine",
            on_change=_first_page,
            persist_state="session",
            key="runs.mine",
        )
    wanted = search(rows, words)
    group = st.query_params.get("group")
    if group and any(row.group == group for row in rows):  # a link may name anything
        wanted = [row for row in wanted if row.group == group]
        _render_sweep_filter(group, len(wanted))
    return [
        row
        for row in wanted
        if phase in (ANY, row.phase) and dataset in (ANY, row.dataset) and (not own or row.owner == mine)
    ]


def _render_sweep_filter(group: str, number: int) -> None:
    with st.container(border=True, horizontal=True, vertical_alignment="center", key="runs-group"):
        st.markdown(f":material/apps: {counted(number, 'run')} of one sweep", width="content")
        st.page_link(
            "pages/sweep.py", label="View sweep", query_params={"sweep": group}, help="Show the sweep as a heatmap."
        )
        st.button("Show all runs", on_click=_show_all, help="Remove this filter.", key="runs.leave_group")


def _order_label(by: str, descending: bool) -> str:
    if by == "created":
        return "Newest first" if descending else "Oldest first"
    return "Descending" if descending else "Ascending"


def _first_page() -> None:
    st.session_state["runs.page"] = 0


def _sort() -> None:
    st.session_state["runs.falling"] = st.session_state["runs.by"] in DESCENDING_FIRST
    _first_page()


def _reverse_order() -> None:
    st.session_state["runs.falling"] = not st.session_state["runs.falling"]
    _first_page()


def _sort_by_header() -> None:
    by = st.session_state[TABLE].get("sorted")
    if by == st.session_state["runs.by"]:
        _reverse_order()
    elif by in SORTS:  # a browser may send anything
        st.session_state["runs.by"] = by
        _sort()


def _show_all() -> None:
    st.query_params.pop("group", None)
    st.session_state.update({"runs.words": "", "runs.phase": ANY, "runs.dataset": ANY, "runs.mine": False})
    _first_page()


def _select_page(rows: list[RunRow | SweepRow], total: int) -> list[RunRow | SweepRow]:
    """Render the page buttons and return the rows of the current page."""
    pages = max(1, -(-len(rows) // PAGE_ROWS))
    page = min(st.session_state.setdefault("runs.page", 0), pages - 1)
    shown = rows[page * PAGE_ROWS : (page + 1) * PAGE_ROWS]
    number = sweep_row.run_count(rows)
    words = counted(number, "run")
    if pages > 1:
        before = sweep_row.run_count(rows[: page * PAGE_ROWS])
        words = f"{before + 1:,}–{before + sweep_row.run_count(shown):,} of {words}"
    st.caption(words + (f" of {total:,}" if number < total else ""), width="content")
    if pages > 1:
        for label, by, icon in (("Previous", -1, "chevron_left"), ("Next", 1, "chevron_right")):
            st.button(
                label,
                icon=f":material/{icon}:",
                disabled=not 0 <= page + by < pages,
                on_click=_turn_page,
                args=(page + by,),
                help=f"Show the {label.lower()} {PAGE_ROWS} rows.",
                key=f"runs.{label.lower()}",
            )
    return shown


def _turn_page(page: int) -> None:
    st.session_state["runs.page"] = page


def _unfold_in_table() -> None:
    """Show the runs of a sweep, or hide them."""
    sweep_id = st.session_state[TABLE].get("unfolded")
    if isinstance(sweep_id, str) and RUN_ID.fullmatch(sweep_id):  # a browser may send anything
        st.session_state["runs.unfolded"] = {sweep_id} ^ st.session_state.get("runs.unfolded", set())


# --- the selection to compare ---------------------------------------------------------------------------------


def _selected() -> list[str]:
    return st.session_state.setdefault("runs.chosen", [])


def _select_in_table() -> None:
    sent = st.session_state[TABLE].get("chosen")
    if isinstance(sent, dict) and isinstance(sent.get("ids"), list) and isinstance(sent.get("version"), int):
        st.session_state["runs.chosen"] = [str(run_id) for run_id in sent["ids"]][:MAX_COMPARED]
        st.session_state["runs.version"] = sent["version"]


def _clear_selection() -> None:
    st.session_state["runs.chosen"] = []
    st.session_state["runs.version"] += 1


def _render_selection(rows: Sequence[RunRow], complete: bool) -> None:
    """Render the selected runs of all pages and the link to compare them; deselect deleted runs."""
    names = {row.id: row.name for row in rows if row.id in _selected()}
    if complete and len(names) < len(_selected()):
        st.session_state["runs.chosen"] = [run_id for run_id in _selected() if run_id in names]
    selected = _selected()
    if not selected:
        return
    with st.container(horizontal=True, vertical_alignment="center", gap="small", border=True, key="runs-chosen"):
        st.markdown(", ".join(f"**{literal(shortened(name, NAME_LENGTH))}**" for name in names.values()))
        if st.button(
            f"Compare {len(selected)} runs" if len(selected) > 1 else "Select another",
            type="primary",
            icon=":material/stacked_line_chart:",
            disabled=len(selected) < 2,
            help="Compare their curves, settings, errors and answers side by side.",
            key="runs.compare",
        ):
            st.switch_page("pages/compare.py", query_params={"runs": ",".join(selected)})
        st.button(
            "Clear", icon=":material/close:", on_click=_clear_selection, help="Clear the selection.", key="runs.clear"
        )
