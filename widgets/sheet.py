"""A sheet of a hundred images; a click, or the arrows and Enter, choose one of them."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any

import streamlit as st

from trainer.census import HUNDRED
from trainer.figures.images import sprites
from trainer.npz import Array

COLUMNS = 10

# One picture is sent, and a hundred buttons each show their piece of it. Only one of them is a stop of the Tab key.
_sheet = st.components.v2.component(
    "digit_lab_sheet",
    html='<div class="sheet" role="group"></div>',
    css="""
        .sheet { display: grid; grid-template-columns: repeat(10, 1fr); background: #000; border-radius: 0.5rem;
            padding: 4px; box-sizing: border-box; width: 100% }
        .sheet button { border: 0; padding: 0; background-color: #000; cursor: pointer; image-rendering: pixelated;
            background-repeat: no-repeat; outline: 2px solid transparent; outline-offset: -2px; border-radius: 4px;
            background-clip: content-box; background-origin: content-box; padding: 2px; min-width: 0 }
        .sheet button:hover { outline-color: #56B4E9 }
        .sheet button[aria-pressed="true"] { outline: 3px solid #E69F00 }
        .sheet button:focus-visible { outline: 3px solid #56B4E9; z-index: 1 }
    """,
    js="""
    const kept = new WeakMap();
    export default ({ data: json, parentElement, setTriggerValue }) => {
        const { picture, names, places, chosen, ratio, alt } = JSON.parse(new TextDecoder().decode(json));
        const sheet = parentElement.querySelector(".sheet");
        sheet.setAttribute("aria-label", alt);
        const press = (at) => [...sheet.children].forEach((button, place) => {
            button.setAttribute("aria-pressed", place === at);
            button.tabIndex = place === Math.max(0, at) ? 0 : -1;
        });
        if (kept.get(sheet) !== picture) {
            kept.set(sheet, picture);
            const rows = Math.ceil(places.length / 10), columns = Math.min(10, places.length);
            const share = (place, all) => all > 1 ? `${100 * place / (all - 1)}%` : "0";
            sheet.replaceChildren(...places.map((_, place) => {
                const button = document.createElement("button");
                button.type = "button";
                button.ariaLabel = button.title = names[place];
                button.style.aspectRatio = ratio;
                button.style.backgroundImage = `url(${picture})`;
                button.style.backgroundSize = `${100 * columns}% ${100 * rows}%`;
                const x = share(place % 10, columns), y = share(Math.floor(place / 10), rows);
                button.style.backgroundPosition = `${x} ${y}`;
                return button;
            }));
        }
        press(places.indexOf(chosen));
        const at = (event) => [...sheet.children].indexOf(event.target.closest("button"));
        sheet.onclick = (event) => {
            const place = at(event);
            if (place < 0) return;
            press(place);
            setTriggerValue("chosen", places[place]);
        };
        sheet.onkeydown = (event) => {
            const by = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -10, ArrowDown: 10 }[event.key];
            const next = by && sheet.children[at(event) + by];
            if (!next) return;
            event.preventDefault();
            for (const button of sheet.children) button.tabIndex = -1;
            next.tabIndex = 0;
            next.focus();
        };
    };
    """,
)


def show(
    images: Array, names: Sequence[str], places: Sequence[int], chosen: int, key: str, choose: Callable[[int], Any]
) -> None:
    """Show up to a hundred images; `choose` is called with the one of `places` that was clicked.

    images: (n, height, width) or (n, height, width, 3) uint8. `names` say in words what each of them is.
    """

    def follow() -> None:
        if (place := st.session_state[key].get("chosen")) in places:  # a browser may say anything
            choose(place)

    height, width = images.shape[1:3]
    data = {
        "picture": sprites(images, COLUMNS),
        "names": list(names[:HUNDRED]),
        "places": list(places[:HUNDRED]),
        "chosen": chosen,
        "ratio": f"{width} / {height}",
        "alt": f"{len(places)} images: the arrows go from one to the next, Enter puts it under the lens",
    }
    _sheet(data=json.dumps(data).encode(), on_chosen_change=follow, key=key)
