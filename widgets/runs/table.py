"""A page of the list of runs as a table, on a phone as cards: sorted by its headers, chosen from by its boxes."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence

import streamlit as st

from trainer import catalogue
from trainer.ledger import Row
from ui.train.progress import seconds_text

# What is written before the word of a state: nobody has to tell colours apart.
MARKS = {
    "queued": "○",
    "running": "●",
    "paused": "‖",
    "finished": "✓",
    "stopped": "■",
    "failed": "✕",
    "interrupted": "◐",
    "damaged": "!",
}
COLUMNS = (  # class, and what its header sorts by: field of Row, word, help
    ("name", (("name", "Name", "What its owner calls it, or its preset"), ("phase", "State", "How it stands"))),
    (
        "network",
        (("network", "Network", "Its layers, without the output layer"), ("parameters", "Parameters", "Its weights")),
    ),
    (
        "optimizer",
        (("optimizer", "Optimizer", "The rule that moved the weights"), ("learning_rate", "Rate", "Learning rate")),
    ),
    ("epochs", (("epochs", "Epochs", "How often it saw the training digits"),)),
    ("val", (("val_accuracy", "Validation", "Accuracy on validation digits, after its last epoch"),)),
    ("test", (("test_accuracy", "Test", "Accuracy on the test digits"),)),
    ("seconds", (("seconds", "Time", "Seconds of training"), ("device", "Device", "What computed it"))),
    ("data", (("dataset", "Data", "What it learned from"), ("created", "Date", "When it was asked for"))),
)

_table = st.components.v2.component(
    "digit_lab_runs",
    html='<div class="box"><table role="table"><thead role="rowgroup"></thead><tbody role="rowgroup"></tbody>'
    "</table></div>",
    css="""
        :host { display: block }
        .box { container-type: inline-size; font-family: var(--st-font); font-size: 0.875rem;
            color: var(--st-text-color) }
        table { width: 100%; border-collapse: collapse; line-height: 1.35 }
        th, td { padding: 0.4rem; text-align: left; vertical-align: top;
            border-bottom: 1px solid var(--st-border-color) }
        th { font-weight: 600; white-space: nowrap; vertical-align: bottom }
        .epochs, .test, .seconds { text-align: right; white-space: nowrap }
        .val, .data { white-space: nowrap }
        .pick { width: 1.75rem; padding: 0.1rem 0 }
        .pick label { display: flex; align-items: center; justify-content: center; width: 1.75rem; height: 2rem;
            cursor: pointer }
        input { width: 1.1rem; height: 1.1rem; margin: 0; accent-color: var(--st-primary-color); cursor: inherit }
        label:has(:disabled) { cursor: not-allowed }
        th button { font: inherit; color: inherit; background: none; border: 0; padding: 0.15rem 0; cursor: pointer;
            display: block; min-height: 1.5rem }
        th button + button { font-weight: 400 }
        .epochs button, .test button, .seconds button { margin-left: auto }
        th button:hover, th button[data-on] { color: var(--st-link-color, var(--st-primary-color)) }
        a { color: var(--st-link-color, var(--st-primary-color)); font-weight: 600; overflow-wrap: anywhere;
            display: inline-block; padding: 0.2rem 0; margin: -0.2rem 0 }
        :is(a, button, input):focus-visible { outline: 2px solid var(--st-primary-color); outline-offset: 2px }
        .sub, .note { font-size: 0.8rem; opacity: 0.75 }
        .name { min-width: 8rem }
        .network > :first-child, .note { max-width: 11.5rem; overflow: hidden; text-overflow: ellipsis;
            white-space: nowrap }
        tr.chosen td { background: color-mix(in srgb, var(--st-primary-color) 10%, transparent) }
        .bad { color: var(--st-red-text-color, inherit); opacity: 1 }
        svg { display: inline-block; vertical-align: middle; overflow: visible; margin-right: 0.35rem }
        svg polyline { fill: none; stroke: currentColor; stroke-width: 1.5; vector-effect: non-scaling-stroke }
        svg circle { fill: currentColor }
        .short { display: none }
        .box { overflow-x: auto }
        @container (max-width: 640px) {
            thead { display: none }
            table, tbody { display: block }
            tr { display: grid; grid-template-columns: 2rem minmax(0, 1fr) auto; padding: 0.4rem 0;
                border-bottom: 1px solid var(--st-border-color) }
            td { border: 0; padding: 0.1rem 0.3rem }
            .pick { grid-row: 1 / span 3 }
            .name { grid-column: 2; min-width: 0 }
            .test { grid-column: 3; grid-row: 1; font-size: 1.05rem; font-weight: 600 }
            .network { grid-column: 2 / -1 }
            .network > :first-child, .note { max-width: none }
            .val { grid-column: 2 }
            .data { grid-column: 3; text-align: right }
            .optimizer, .epochs, .seconds, .data > :first-child { display: none }
            .short { display: inline }
            .test .short { display: block; font-weight: 400 }
            tr.chosen { background: color-mix(in srgb, var(--st-primary-color) 10%, transparent) }
            tr.chosen td { background: none }
        }
    """,
    js="""
    const kept = new WeakMap(), SVG = "http://www.w3.org/2000/svg";
    const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

    const make = (name, className, text, ...children) => {
        const element = document.createElement(name);
        if (className) element.className = className;
        if (text) element.textContent = text;
        element.append(...children);
        return element;
    };
    const date = (seconds) => {
        const at = new Date(1000 * seconds), two = (number) => `${number}`.padStart(2, "0");
        const sameYear = at.getFullYear() === new Date().getFullYear();
        const rest = sameYear ? `${two(at.getHours())}:${two(at.getMinutes())}` : at.getFullYear();
        return `${at.getDate()} ${MONTHS[at.getMonth()]} ${rest}`;
    };
    const spark = (values, [low, high]) => {
        const picture = document.createElementNS(SVG, "svg"), wide = 56, tall = 18;
        picture.setAttribute("width", wide);
        picture.setAttribute("height", tall);
        picture.setAttribute("aria-hidden", "true");
        const y = (value) => (tall - 2) * (1 - (value - low) / (high - low || 1)) + 1;
        const x = (place) => values.length > 1 ? (wide - 3) * place / (values.length - 1) : wide - 3;
        const line = document.createElementNS(SVG, "polyline"), end = document.createElementNS(SVG, "circle");
        line.setAttribute("points", values.map((value, place) => `${x(place)},${y(value)}`).join(" "));
        end.setAttribute("cx", x(values.length - 1));
        end.setAttribute("cy", y(values.at(-1)));
        end.setAttribute("r", 2);
        picture.append(line, end);
        return picture;
    };

    export default ({ data: json, parentElement, setTriggerValue }) => {
        const text = new TextDecoder().decode(json), table = parentElement.querySelector("table");
        const { columns, rows, by, reverse, most, version, range, ...data } = JSON.parse(text);
        const old = kept.get(table);
        // Boxes may be pressed faster than the server answers: an older answer undoes nothing.
        const state = old && old.version > version ? old : { version, chosen: data.chosen };
        kept.set(table, state);
        table.setAttribute("aria-label", data.label);
        const root = table.getRootNode();
        const held = root.activeElement?.dataset?.held;

        const header = make("tr");
        header.setAttribute("role", "row");
        const pick = make("th", "pick");
        pick.setAttribute("role", "columnheader");
        pick.setAttribute("aria-label", "To compare");
        header.append(pick, ...columns.map(([kind, sorts]) => {
            const cell = make("th", kind);
            cell.setAttribute("role", "columnheader");
            const on = sorts.find(([name]) => name === by);
            if (on) cell.setAttribute("aria-sort", data.falling ? "descending" : "ascending");
            cell.append(...sorts.map(([name, word, help]) => {
                const button = make("button", "", name === by ? `${word} ${data.falling ? "↓" : "↑"}` : word);
                button.type = "button";
                button.title = `${help}. Press to sort by it${name === by ? " the other way round" : ""}`;
                button.dataset.held = `sort ${name}`;
                if (name === by) button.dataset.on = "";
                button.onclick = () => setTriggerValue("sorted", name);
                return button;
            }));
            return cell;
        }));
        table.tHead.replaceChildren(header);

        const boxes = [];
        const mark = () => boxes.forEach(([box, id, row]) => {
            box.checked = state.chosen.includes(id);
            box.disabled = !box.checked && state.chosen.length >= most;
            box.title = box.disabled ? `At most ${most} can be compared` : "Compare it with others";
            row.classList.toggle("chosen", box.checked);
        });
        table.tBodies[0].replaceChildren(...rows.map((run) => {
            const row = make("tr");
            row.setAttribute("role", "row");
            const cell = (kind, ...children) => {
                const element = make("td", kind, "", ...children);
                element.setAttribute("role", "cell");
                row.append(element);
                return element;
            };
            const box = make("input"), link = make("a", "", run.name);
            box.type = "checkbox";
            box.setAttribute("aria-label", `Compare ${run.name}`);
            box.dataset.held = `box ${run.id}`;
            box.onchange = () => {
                state.chosen = state.chosen.filter((id) => id !== run.id);
                if (box.checked) state.chosen.push(run.id);
                state.version += 1;
                mark();
                setTriggerValue("chosen", { ids: state.chosen, version: state.version });
            };
            boxes.push([box, run.id, row]);
            link.href = `?run=${run.id}`;
            link.dataset.held = `link ${run.id}`;
            link.onclick = (event) => {
                if (event.ctrlKey || event.metaKey || event.shiftKey) return;
                event.preventDefault();
                setTriggerValue("opened", run.id);
            };
            cell("pick", make("label", "", "", box));
            const name = cell("name", link);
            const said = make("div", `sub${run.bad ? " bad" : ""}`, "");
            const icon = make("span", "", `${run.mark} `);
            icon.setAttribute("aria-hidden", "true");
            said.append(icon, [run.phase, run.pinned && "pinned", run.mine && "yours"].filter(Boolean).join(" · "));
            name.append(said);
            if (run.note) {
                const note = make("div", "note", run.note);
                note.title = run.note;
                name.append(note);
            }
            const layers = make("div", "", run.network || "–");
            layers.title = run.network;
            cell("network", layers, make("div", "sub", run.parameters));
            cell("optimizer", make("div", "", run.optimizer || "–"), make("div", "sub", run.rate));
            cell("epochs", run.epochs);
            const val = cell("val");
            if (run.spark.length) {
                val.append(spark(run.spark, range));
                val.title = "Over its epochs; the scale is the same in all rows";
            }
            val.append(run.val || "–");
            if (run.val) val.append(make("span", "short", " validation"));
            const test = cell("test", run.test || "–");
            if (run.test) test.append(make("div", "short sub", "test"));
            cell("seconds", make("div", "", run.seconds || "–"), make("div", "sub", run.device));
            cell("data", make("div", "", run.data || "–"), make("div", "sub", date(run.created)));
            return row;
        }));
        mark();
        if (held) [...table.querySelectorAll("[data-held]")].find((one) => one.dataset.held === held)?.focus();
    };
    """,
)


def show(
    rows: Sequence[Row],
    titles: dict[str, str],
    mine: str,
    by: str,
    falling: bool,
    chosen: tuple[int, list[str]],
    most: int,
    follow: dict[str, Callable[[], None]],
    key: str,
):
    """Show rows; what is pressed in them is a trigger: `sorted`, `chosen` or `opened`.

    `titles` are those of the data sets, `mine` is the visitor's hash, `chosen` the version of the choice and its ids.
    """
    sparks = [value for row in rows for value in row.spark]
    data = {
        "columns": COLUMNS,
        "rows": [_plain(row, titles, mine) for row in rows],
        "label": f"{len(rows)} runs",
        "by": by,
        "falling": falling,
        "most": most,
        "version": chosen[0],
        "chosen": chosen[1],
        "range": [min(sparks), max(sparks)] if sparks else [0, 1],  # one scale for all of them
    }
    return _table(data=json.dumps(data).encode(), key=key, **{f"on_{name}_change": do for name, do in follow.items()})


def _plain(row: Row, titles: dict[str, str], mine: str) -> dict:
    return {
        "id": row.id,
        "name": row.name,
        "note": row.note,
        "pinned": row.pinned,
        "mine": bool(row.owner) and row.owner == mine,
        "phase": row.phase,
        "mark": MARKS[row.phase],
        "bad": row.phase in ("failed", "interrupted", "damaged"),
        "network": row.network,
        "parameters": "" if row.parameters is None else f"{row.parameters:,} parameters",
        "optimizer": row.optimizer,
        "rate": "" if row.learning_rate is None else f"rate {row.learning_rate:g}",
        "epochs": f"{row.epochs}" if row.epochs == row.planned else f"{row.epochs} of {row.planned}",
        "val": share(row.val_accuracy),
        "test": share(row.test_accuracy),
        "spark": row.spark,
        "seconds": seconds_text(row.seconds) if row.seconds else "",
        "device": row.device,
        "data": titles.get(row.dataset, row.dataset),
        "created": row.created,
    }


def share(accuracy: float | None) -> str:
    """Write an accuracy as it stands in lists."""
    return "" if accuracy is None else f"{100 * accuracy:.1f} %"


def titles(names: Sequence[str]) -> dict[str, str]:
    """Return what data sets are called, by their names."""
    brought = st.session_state.engine.runs.uploads.titles()
    return {name: brought.get(name) or _title(name) for name in names}


def _title(name: str) -> str:
    return catalogue.DATASETS[name].title if name in catalogue.DATASETS else "Own data"
