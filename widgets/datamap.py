"""A map of many digits, the like beside the like; whoever points at one sees it."""

from __future__ import annotations

import json
from collections.abc import Sequence

import numpy as np
import streamlit as st

from trainer.figures.images import sprites
from trainer.npz import Array
from trainer.projection import Projection

COLUMNS = 50  # of the images in the picture that is sent
QUALITY = 70  # of photos in colour, which as PNG are more than a message may hold

# No ten colours are told apart by everyone: each digit is written as itself, and one class at a time stands out.
_map = st.components.v2.component(
    "digit_lab_map",
    html="""
        <div class="classes" role="group" aria-label="The class that stands out"></div>
        <div class="both">
            <canvas class="map" tabindex="0" role="application"></canvas>
            <div class="seen"><canvas class="image" role="img"></canvas><p aria-live="polite"></p></div>
        </div>
    """,
    css="""
        .classes { display: flex; flex-wrap: wrap; gap: 0.3rem; margin-bottom: 0.6rem }
        .classes button { min-height: 2rem; min-width: 2rem; padding: 0.1rem 0.6rem; font: inherit; cursor: pointer;
            font-family: var(--st-font); font-size: 0.9rem; color: var(--st-text-color); border-radius: 1rem;
            border: 2px solid var(--st-border-color); background: var(--st-background-color) }
        .classes button[aria-pressed="true"] { background: #0072B2; color: #fff }
        .classes button:hover { text-decoration: underline }
        button:focus-visible, .map:focus-visible { outline: 2px solid var(--st-primary-color); outline-offset: 2px }
        .both { display: flex; flex-wrap: wrap; gap: 1rem }
        .map { display: block; cursor: crosshair; touch-action: pan-y; border: 1px solid var(--st-border-color);
            border-radius: 0.5rem; box-sizing: border-box }
        .seen { width: 196px }
        .image { width: 168px; image-rendering: pixelated; border-radius: 0.5rem; background: #000; display: block }
        p { font-family: var(--st-font); font-size: 0.9rem; color: var(--st-text-color); margin: 0.5rem 0;
            line-height: 1.5 }
    """,
    js="""
    const POINTED = "#D55E00", EDGE = 14;
    // 3 : 1 and more on either theme; they help those who tell them apart, the digits tell everyone.
    const COLORS = ["#0072B2", "#D55E00", "#009E73", "#B5518A", "#7A6FD0", "#8C7000", "#7A828F", "#CF3A4C", "#1592A5",
        "#9A6A3F"];
    const kept = new WeakMap();

    export default ({ data: json, parentElement }) => {
        const text = new TextDecoder().decode(json), map = parentElement.querySelector(".map");
        const { picture, points, labels, places, classes, height, width, columns, alt } = JSON.parse(text);
        const old = kept.get(map);
        const state = old?.picture === picture ? old : { picture, at: 0, only: null, image: new Image() };
        old?.observer?.disconnect();
        kept.set(map, state);
        const image = parentElement.querySelector(".image"), said = parentElement.querySelector("p");
        const choices = parentElement.querySelector(".classes");
        map.setAttribute("aria-label", alt);
        let wide = 0, tall = 0, spots = [];

        const show = () => {
            const label = classes[labels[state.at]], x = state.at % columns, y = Math.floor(state.at / columns);
            [image.width, image.height] = [width, height];
            image.style.aspectRatio = `${width} / ${height}`;
            image.setAttribute("aria-label", `The image that is pointed at: ${label}`);
            if (state.image.complete && state.image.naturalWidth) {
                const from = [x * width, y * height, width, height];
                image.getContext("2d").drawImage(state.image, ...from, 0, 0, width, height);
            }
            said.textContent = `${label}: number ${places[state.at].toLocaleString("en")} of the training part`;
        };
        const draw = () => {
            const scale = devicePixelRatio || 1, pen = map.getContext("2d");
            const style = getComputedStyle(said);
            [map.style.width, map.style.height] = [`${wide}px`, `${tall}px`];
            [map.width, map.height] = [wide * scale, tall * scale];
            pen.scale(scale, scale);
            pen.textAlign = "center";
            pen.textBaseline = "middle";
            const write = (place, strong) => {
                pen.font = `${strong ? "bold 13px" : "11px"} sans-serif`;
                pen.fillText(labels[place], ...spots[place]);
            };
            pen.fillStyle = style.color;
            pen.globalAlpha = state.only === null ? 1 : 0.28;
            labels.forEach((label, place) => {
                if (state.only === null) pen.fillStyle = COLORS[label];
                if (label !== state.only) write(place, false);
            });
            pen.globalAlpha = 1;
            pen.fillStyle = COLORS[state.only ?? 0];
            labels.forEach((label, place) => label === state.only && write(place, true));
            pen.beginPath();
            pen.arc(...spots[state.at], 11, 0, 7);
            pen.strokeStyle = POINTED;
            pen.lineWidth = 3;
            pen.stroke();
            show();
        };
        const go = (place) => {
            if (place < 0 || place === state.at) return;
            state.at = place;
            draw();
        };
        const nearest = (x, y, fits = () => true) => {
            let best = -1, least = Infinity;
            spots.forEach(([a, b], place) => {
                const far = (a - x) ** 2 + (b - y) ** 2;
                if (far < least && fits(a - x, b - y, place)) [best, least] = [place, far];
            });
            return best;
        };
        const shown = (place) => state.only === null || labels[place] === state.only;
        map.onpointermove = map.onpointerdown = (event) => {
            const frame = map.getBoundingClientRect();
            go(nearest(event.clientX - frame.left, event.clientY - frame.top, (a, b, place) => shown(place)));
        };
        map.onkeydown = (event) => {
            const way = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
            if (!way || event.altKey || event.ctrlKey || event.metaKey) return;
            event.preventDefault();
            go(nearest(...spots[state.at], (a, b, place) => {
                const along = a * way[0] + b * way[1], aside = Math.abs(a * way[1] + b * way[0]);
                return place !== state.at && shown(place) && along > 0.01 && along >= aside;
            }));
        };
        const press = () => [...choices.children].forEach((button, place) => {
            button.setAttribute("aria-pressed", (place ? place - 1 : null) === state.only);
        });
        choices.replaceChildren(...["All", ...classes].map((name, place) => {
            const button = document.createElement("button");
            button.type = "button";
            button.textContent = place && name !== `${place - 1}` ? `${place - 1} ${name}` : name;
            if (place) button.style.borderColor = COLORS[place - 1];
            button.title = place ? `Let ${name} stand out` : "Show all alike";
            button.onclick = () => {
                state.only = place ? place - 1 : null;
                if (place && labels[state.at] !== state.only) state.at = Math.max(0, labels.indexOf(state.only));
                press();
                draw();
            };
            return button;
        }));
        press();
        const fit = () => {
            const room = map.parentElement.clientWidth;
            if (!room) return;
            wide = Math.min(room, room > 640 ? Math.min(720, room - 212) : room);
            tall = Math.round(Math.min(560, wide * 0.85));
            spots = points.map(([x, y]) => [EDGE + x * (wide - 2 * EDGE), EDGE + (1 - y) * (tall - 2 * EDGE)]);
            draw();
        };
        let before = 0;
        state.observer = new ResizeObserver(() => {
            const now = map.parentElement.clientWidth;
            if (now !== before) { before = now; fit(); }
        });
        state.observer.observe(map.parentElement);
        state.image.onload = () => show();
        if (state.image.src !== picture) state.image.src = picture;
        fit();
        return () => state.observer.disconnect();
    };
    """,
)


def packed(images: Array, labels: Array, places: Sequence[int], classes: Sequence[str], found: Projection) -> bytes:
    """Return what the map shows, ready to be sent.

    images: (n, height, width) or (n, height, width, 3) uint8; `places` tell where they lie in the data set.
    """
    height, width = images.shape[1:3]
    low, high = found.points.min(axis=0), found.points.max(axis=0)
    points = (found.points - low) / np.where(high > low, high - low, 1)
    data = {
        "picture": sprites(images, COLUMNS, QUALITY if images.ndim == 4 else 0),
        "points": np.round(points, 4).tolist(),
        "labels": labels.tolist(),
        "places": list(places),
        "classes": list(classes),
        "height": height,
        "width": width,
        "columns": min(COLUMNS, len(images)),
        "alt": f"A map of {len(images):,} images: the arrows go to the next one on that side",
    }
    return json.dumps(data).encode()


def show(data: bytes, key: str = "map") -> None:
    """Show what `packed` returned."""
    _map(data=data, key=key)
