"""The list of all runs: searched, filtered, sorted, a page at a time, and chosen from to compare."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import streamlit as st

from trainer.runs.index import Row, found, in_order
from trainer.runs.owner import owner_hash
from trainer.text import counted, percent, shortened
from ui import load_control
from ui.html import style
from ui.markdown import literal
from ui.run_index import run_index
from ui.runs import table

PAGE = 50  # rows
MOST = 6  # that can be compared
NAME = 24  # characters of a chosen one's name
LOOK, READING = 3.0, 0.7  # seconds between two looks, while something trains, and while runs are still being read
ANY = "Any"
SORTS = {field: (word, help) for _, sorts in table.COLUMNS for field, word, help in sorts}
FALLING = ("created", "test_accuracy", "val_accuracy", "epochs")  # at first; the others rise
TABLE = "runs.table"
# The table may be longer than the screen: what is chosen in it, and what to do with it, stays in sight.
STYLE = Path(__file__).with_suffix(".css")


def show() -> None:
    """Show the list; while something in it trains, this looks again and again."""
    style(STYLE)
    every = st.session_state.get("runs.every")
    st.fragment(_look, run_every=every)(every)


def _look(every: float | None) -> None:
    known = run_index()
    rows, reading = known.rows(), known.reading
    if reading:
        done, of = reading
        st.progress(done / of, f"Reading {of:,} runs … {percent(done / of, 0)}")
    if not rows and not reading:
        st.info("Nothing has been trained here yet. What is trained stays here, to be compared and taken home.")
        st.page_link("pages/train.py", label="Train a network", icon=":material/model_training:")
        return
    mine = owner_hash(st.session_state.owner)
    titles = table.titles(sorted({row.dataset for row in rows if row.dataset}))
    wanted = _ask(rows, titles, mine)
    by, falling = st.session_state["runs.by"], st.session_state["runs.falling"]
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="runs-pages"):
        shown = _turn_pages(in_order(wanted, by, falling, mine), len(rows))
        if not _chosen():
            st.space("stretch")
            st.caption(f"Tick 2 to {MOST} runs to compare them.", width="content")
    if not shown:
        st.info("No run is like that: search for something else, or show them all.")
        st.button(
            "Show all", on_click=_show_all, icon=":material/filter_alt_off:", help="Leave the search and filters."
        )
    follow = {"sorted": _sort_by_header, "chosen": _choose, "opened": lambda: None}
    chosen = st.session_state.setdefault("runs.version", 0), _chosen()
    pressed = table.show(shown, titles, mine, by, falling, chosen, MOST, follow, TABLE) if shown else None
    if pressed and (opened := pressed.opened) and st.session_state.engine.runs.get(str(opened)):
        st.query_params["run"] = opened
        st.rerun()
    _offer_comparison(rows, whole=not reading)
    live = any(row.live for row in shown)
    pace = READING if reading else load_control.pace(LOOK, every) if live else None
    if pace != every:
        st.session_state["runs.every"] = pace
        st.rerun()


# --- which of them --------------------------------------------------------------------------------------------


def _ask(rows: Sequence[Row], titles: dict[str, str], mine: str) -> list[Row]:
    """Ask for words, a state, a data set and an order; return the rows that are asked for."""
    st.session_state.setdefault("runs.by", "created")
    st.session_state.setdefault("runs.falling", True)
    with st.container(horizontal=True, vertical_alignment="bottom", key="runs-filters"):
        words = st.text_input(
            "Search",
            placeholder="Name, note, layers, optimizer, data",
            help="Every word must occur in a run's name, note, layers, optimizer or data set. Try: adam small",
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
            help="Show the runs that stand so. Interrupted ones can often go on: open one to see.",
            width=126,
            on_change=_first_page,
            persist_state="session",
            key="runs.phase",
        )
        kept = st.session_state.get("runs.dataset", ANY)
        dataset = st.selectbox(
            "Data",
            dict.fromkeys((ANY, kept, *titles)),
            format_func=lambda name: titles.get(name, name),
            help="Show the runs that learned from this data set.",
            width=126,
            on_change=_first_page,
            persist_state="session",
            key="runs.dataset",
        )
        st.selectbox(
            "Sort by",
            SORTS,
            format_func=lambda field: SORTS[field][0],
            help="The headers of the table do the same. Runs that you pinned come first.",
            width=126,
            on_change=_sort,
            persist_state="session",
            key="runs.by",
        )
        falling = st.session_state["runs.falling"]
        st.button(
            "Falling" if falling else "Rising",
            icon=":material/south:" if falling else ":material/north:",
            on_click=_turn_round,
            help="Sort the other way round.",
            key="runs.turn",
        )
        own = st.toggle(
            "Only mine",
            help="Show the runs that were started in this browser.",
            on_change=_first_page,
            persist_state="session",
            key="runs.mine",
        )
    wanted = found(rows, words)
    if group := st.query_params.get("group"):
        wanted = [row for row in wanted if row.group == group]
        _tell_group(group, len(wanted))
    return [
        row
        for row in wanted
        if phase in (ANY, row.phase) and dataset in (ANY, row.dataset) and (not own or row.owner == mine)
    ]


def _tell_group(group: str, number: int) -> None:
    with st.container(border=True, horizontal=True, vertical_alignment="center", key="runs-group"):
        words = "is 1 run" if number == 1 else f"are {number:,} runs"
        st.markdown(f":material/apps: Here {words} of one sweep.", width="content")
        st.page_link("pages/sweep.py", label="See the sweep", query_params={"sweep": group}, help="As a heat map.")
        st.button("Show all runs", on_click=_show_all, help="Leave the sweep.", key="runs.leave_group")


def _first_page() -> None:
    st.session_state["runs.page"] = 0


def _sort() -> None:
    st.session_state["runs.falling"] = st.session_state["runs.by"] in FALLING
    _first_page()


def _turn_round() -> None:
    st.session_state["runs.falling"] = not st.session_state["runs.falling"]
    _first_page()


def _sort_by_header() -> None:
    by = st.session_state[TABLE].get("sorted")
    if by == st.session_state["runs.by"]:
        _turn_round()
    elif by in SORTS:  # a browser may say anything
        st.session_state["runs.by"] = by
        _sort()


def _show_all() -> None:
    st.query_params.pop("group", None)
    st.session_state.update({"runs.words": "", "runs.phase": ANY, "runs.dataset": ANY, "runs.mine": False})
    _first_page()


def _turn_pages(rows: list[Row], of: int) -> list[Row]:
    """Return the rows of the page that is looked at."""
    pages = max(1, -(-len(rows) // PAGE))
    page = min(st.session_state.setdefault("runs.page", 0), pages - 1)
    first = page * PAGE
    if len(rows) > PAGE:
        words = f"{first + 1:,}–{min(first + PAGE, len(rows)):,} of {len(rows):,} runs"
    else:
        words = counted(len(rows), "run")
    st.caption(words + (f", of {of:,}" if len(rows) < of else ""), width="content")
    if pages > 1:
        for label, by, icon in (("Previous", -1, "chevron_left"), ("Next", 1, "chevron_right")):
            st.button(
                label,
                icon=f":material/{icon}:",
                disabled=not 0 <= page + by < pages,
                on_click=_turn_page,
                args=(page + by,),
                help=f"Show the {label.lower()} {PAGE} runs.",
                key=f"runs.{label.lower()}",
            )
    return rows[first : first + PAGE]


def _turn_page(page: int) -> None:
    st.session_state["runs.page"] = page


# --- to compare -----------------------------------------------------------------------------------------------


def _chosen() -> list[str]:
    return st.session_state.setdefault("runs.chosen", [])


def _choose() -> None:
    said = st.session_state[TABLE].get("chosen")
    if isinstance(said, dict) and isinstance(said.get("ids"), list) and isinstance(said.get("version"), int):
        st.session_state["runs.chosen"] = [str(run_id) for run_id in said["ids"]][:MOST]
        st.session_state["runs.version"] = said["version"]


def _choose_none() -> None:
    st.session_state["runs.chosen"] = []
    st.session_state["runs.version"] += 1


def _offer_comparison(rows: Sequence[Row], whole: bool) -> None:
    """Say which runs are chosen, on this page or another, and lead to their comparison; those that are gone are not."""
    names = {row.id: row.name for row in rows if row.id in _chosen()}
    if whole and len(names) < len(_chosen()):
        st.session_state["runs.chosen"] = [run_id for run_id in _chosen() if run_id in names]
    chosen = _chosen()
    if not chosen:
        return
    with st.container(horizontal=True, vertical_alignment="center", gap="small", border=True, key="runs-chosen"):
        st.markdown(", ".join(f"**{literal(shortened(name, NAME))}**" for name in names.values()))
        if st.button(
            f"Compare {len(chosen)} runs" if len(chosen) > 1 else "Tick another",
            type="primary",
            icon=":material/stacked_line_chart:",
            disabled=len(chosen) < 2,
            help="See their curves, settings, errors and answers side by side.",
            key="runs.compare",
        ):
            st.switch_page("pages/compare.py", query_params={"runs": ",".join(chosen)})
        st.button(
            "Clear", icon=":material/close:", on_click=_choose_none, help="Choose none of them.", key="runs.clear"
        )
