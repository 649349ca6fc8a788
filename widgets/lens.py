"""One image under the lens: its numbers as a grid, and each number's place in the flat row."""

from __future__ import annotations

import json

import streamlit as st

from trainer.census import Extent
from trainer.npz import Array

BOX = 20  # pixels a side, which MNIST's makers fitted every digit into
COLORS = ("red", "green", "blue")

# The numbers are drawn on a canvas: 784 elements that follow a finger are too slow for a phone.
_lens = st.components.v2.component(
    "digit_lab_lens",
    html="""
        <div class="lens">
        <canvas class="grid" tabindex="0" role="application"></canvas>
        <p class="said" aria-live="polite"></p>
        <div class="words">The flat row: all rows of the image, one behind the other</div>
        <canvas class="row" tabindex="0" role="application"></canvas>
        <canvas class="near" role="img"></canvas>
        <div class="words around">Around it, enlarged</div>
        <canvas class="glass" role="img"></canvas>
        </div>
    """,
    css="""
        .lens { color: var(--st-text-color); width: 100% }
        canvas { display: block; border-radius: 4px }
        [hidden] { display: none }
        .grid, .row { cursor: crosshair; touch-action: pan-y }
        .grid:focus-visible, .row:focus-visible { outline: 2px solid var(--st-primary-color); outline-offset: 2px }
        .said { margin: 0.5rem 0; min-height: 3.2em; line-height: 1.5; color: var(--st-text-color);
            font-family: var(--st-font); font-size: 0.95rem }
        .said b { font-weight: 600 }
        .words { font-family: var(--st-font); font-size: 0.8rem; color: #767C86; margin: 0.4rem 0 0.2rem }
    """,
    js="""
    const PIXEL = "#E69F00", ROW = "#56B4E9", BOX = "#D55E00";
    const MOST = 588, READABLE = 16, NEAR = 11, AROUND = 7;
    const kept = new WeakMap();  // what is pointed at, and the observer of the width

    export default ({ data: json, parentElement }) => {
        const { pixels, height, width, depth, scaled, channel, box, centre, names } =
            JSON.parse(new TextDecoder().decode(json));
        const find = (name) => parentElement.querySelector(`.${name}`);
        const grid = find("grid"), row = find("row"), near = find("near"), glass = find("glass");
        const state = kept.get(grid) ?? { x: Math.floor(width / 2), y: Math.floor(height / 2) };
        kept.set(grid, state);
        state.x = Math.min(state.x, width - 1);
        state.y = Math.min(state.y, height - 1);

        const all = pixels.length;
        const value = (flat) => pixels[flat];
        // What is below 1 does not read as 1, whose digit before the point is left out.
        const small = (number) => number === 0 ? "0" : number === 255 ? "1"
            : Math.min(0.99, number / 255).toFixed(2).slice(1);
        const short = (number) => scaled ? small(number) : `${number}`;
        const flat = (x, y) => (y * width + x) * depth;
        const color = (x, y) => {
            const from = flat(x, y);
            if (depth === 1) return [pixels[from], pixels[from], pixels[from]];
            return [0, 1, 2].map((place) => channel === null || channel === place ? pixels[from + place] : 0);
        };
        const ink = ([r, g, b]) => 0.3 * r + 0.6 * g + 0.1 * b > 120 ? "#000" : "#fff";
        const css = ([r, g, b]) => `rgb(${r}, ${g}, ${b})`;
        const size = (canvas, w, h) => {
            const scale = devicePixelRatio || 1;
            canvas.style.width = `${w}px`;
            canvas.style.height = `${h}px`;
            canvas.width = Math.round(w * scale);
            canvas.height = Math.round(h * scale);
            const pen = canvas.getContext("2d");
            pen.scale(scale, scale);
            pen.textAlign = "center";
            pen.textBaseline = "middle";
            return pen;
        };
        const write = (pen, text, x, y, points, fill) => {
            pen.font = `${points}px sans-serif`;
            pen.fillStyle = fill;
            pen.fillText(text, x, y);
        };
        const frame = (pen, x, y, w, h, stroke, line) => {
            pen.strokeStyle = stroke;
            pen.lineWidth = line;
            pen.strokeRect(x, y, w, h);
        };
        let cell = 0, side = 0;

        const drawGrid = () => {
            const pen = size(grid, cell * width, cell * height);
            const single = depth === 1 || channel !== null;
            for (let y = 0; y < height; y++) for (let x = 0; x < width; x++) {
                const shade = color(x, y), number = value(flat(x, y) + (channel ?? 0));
                pen.fillStyle = css(shade);
                pen.fillRect(x * cell, y * cell, cell + 0.5, cell + 0.5);
                if (!single || cell < READABLE) continue;
                const fill = number === 0 ? "#8A8F98" : ink(shade);
                write(pen, short(number), (x + 0.5) * cell, (y + 0.55) * cell, cell * 0.5, fill);
            }
            frame(pen, 1, state.y * cell, width * cell - 2, cell, ROW, 1.5);
            frame(pen, state.x * cell, state.y * cell, cell, cell, PIXEL, 3);
            if (box) {
                pen.setLineDash([6, 4]);
                frame(pen, box[0] * cell, box[1] * cell, box[2] * cell, box[3] * cell, BOX, 2.5);
                pen.setLineDash([]);
            }
            if (centre) {
                const [x, y] = [(centre[0] + 0.5) * cell, (centre[1] + 0.5) * cell], arm = 0.9 * cell;
                for (const [stroke, line] of [["#000", 6], [BOX, 3]]) {
                    pen.strokeStyle = stroke;
                    pen.lineWidth = line;
                    pen.beginPath();
                    pen.moveTo(x - arm, y); pen.lineTo(x + arm, y); pen.moveTo(x, y - arm); pen.lineTo(x, y + arm);
                    pen.stroke();
                }
            }
        };
        const drawRow = () => {
            const tall = 26, pen = size(row, side, tall + 10), step = side / all;
            const strip = new OffscreenCanvas(all, 1), paint = strip.getContext("2d");
            const data = paint.createImageData(all, 1);
            pixels.forEach((number, place) => {
                const tint = depth === 1 ? [number, number, number]
                    : [0, 1, 2].map((one) => one === place % 3 ? number : 0);
                data.data.set([...tint, 255], 4 * place);
            });
            paint.putImageData(data, 0, 0);
            pen.imageSmoothingEnabled = true;
            pen.drawImage(strip, 0, 0, all, 1, 0, 5, side, tall);
            const long = width * depth * step;
            pen.strokeStyle = "#767C86";
            pen.lineWidth = 0.6;
            for (let y = 1; y < height; y++) {
                pen.beginPath(); pen.moveTo(y * long, 5 + tall); pen.lineTo(y * long, 10 + tall); pen.stroke();
            }
            frame(pen, state.y * long, 4, long, tall + 2, ROW, 2);
            pen.fillStyle = PIXEL;
            pen.fillRect((flat(state.x, state.y) + depth / 2) * step - 1.5, 0, 3, tall + 10);
        };
        const drawNear = () => {
            const tile = side / NEAR, tall = Math.min(tile, 34), pen = size(near, side, tall + 20);
            const here = flat(state.x, state.y) + Math.floor(depth / 2);
            const grey = getComputedStyle(near).color;
            for (let place = 0; place < NEAR; place++) {
                const at = here + place - Math.floor(NEAR / 2);
                if (at < 0 || at >= all) continue;
                const number = value(at), mine = Math.floor(at / depth) === Math.floor(here / depth);
                const tint = depth === 1 ? [number, number, number]
                    : [0, 1, 2].map((one) => one === at % 3 ? number : 0);
                pen.fillStyle = css(tint);
                pen.fillRect(place * tile, 2, tile - 1, tall - 4);
                write(pen, short(number), (place + 0.5) * tile, tall / 2, Math.min(13, tile * 0.42), ink(tint));
                if (mine) frame(pen, place * tile + 1, 2, tile - 3, tall - 4, PIXEL, 3);
                write(pen, `${at}`, (place + 0.5) * tile, tall + 9, Math.min(12, tile * 0.38), grey);
            }
        };
        const drawGlass = () => {
            const seen = cell < READABLE || depth === 3;
            glass.hidden = find("around").hidden = !seen;
            if (!seen) return;
            const tile = Math.min(44, side / AROUND), pen = size(glass, tile * AROUND, tile * AROUND);
            pen.fillStyle = "#767C8640";
            pen.fillRect(0, 0, tile * AROUND, tile * AROUND);
            for (let j = 0; j < AROUND; j++) for (let i = 0; i < AROUND; i++) {
                const x = state.x + i - 3, y = state.y + j - 3;
                if (x < 0 || y < 0 || x >= width || y >= height) continue;
                const shade = color(x, y), fill = ink(shade);
                pen.fillStyle = css(shade);
                pen.fillRect(i * tile, j * tile, tile - 1, tile - 1);
                const middle = [(i + 0.5) * tile, (j + 0.5) * tile];
                if (depth === 1) write(pen, short(value(flat(x, y))), ...middle, tile * 0.36, fill);
                else for (const one of [0, 1, 2]) {
                    const text = short(value(flat(x, y) + one));
                    write(pen, text, middle[0], middle[1] + (one - 1) * tile * 0.3, tile * 0.29, fill);
                }
            }
            frame(pen, 3 * tile, 3 * tile, tile - 1, tile - 1, PIXEL, 3);
        };
        const say = () => {
            const { x, y } = state, at = flat(x, y), count = all.toLocaleString("en");
            const bold = (text) => Object.assign(document.createElement("b"), { textContent: text });
            const parts = [bold(`Row ${y}, column ${x}: `)];
            if (depth === 1) {
                const number = value(at);
                parts.push(`value ${number}, scaled ${number} / 255 = ${(number / 255).toFixed(2)}. Flattened: `,
                    bold(`${y} × ${width} + ${x} = number ${at} of ${count}.`));
            } else {
                const three = [0, 1, 2].map((one) => `${names[one]} ${value(at + one)}`).join(", ");
                const scaledThree = [0, 1, 2].map((one) => (value(at + one) / 255).toFixed(2)).join(", ");
                parts.push(`${three}; scaled ${scaledThree}. Flattened: `,
                    bold(`3 × (${y} × ${width} + ${x}): numbers ${at}, ${at + 1}, ${at + 2} of ${count}.`));
            }
            find("said").replaceChildren(...parts);
        };
        const draw = () => { drawGrid(); drawRow(); drawNear(); drawGlass(); say(); };
        const point = (x, y) => {
            const [left, top] = [Math.min(width - 1, Math.max(0, x)), Math.min(height - 1, Math.max(0, y))];
            if (left === state.x && top === state.y) return;
            [state.x, state.y] = [left, top];
            draw();
        };
        const onGrid = (event) => {
            const frame = grid.getBoundingClientRect();
            point(Math.floor((event.clientX - frame.left) / cell), Math.floor((event.clientY - frame.top) / cell));
        };
        const onRow = (event) => {
            const share = (event.clientX - row.getBoundingClientRect().left) / side;
            const place = Math.floor(Math.min(Math.max(share, 0), 0.99999) * width * height);
            point(place % width, Math.floor(place / width));
        };
        const onKey = (event) => {
            const by = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
            if (!by || event.altKey || event.ctrlKey || event.metaKey) return;
            event.preventDefault();
            if (event.currentTarget === row && !by[1]) {  // along the flat row, on to the next row of the image
                const place = Math.min(width * height - 1, Math.max(0, state.y * width + state.x + by[0]));
                point(place % width, Math.floor(place / width));
            } else point(state.x + by[0], state.y + by[1]);
        };
        for (const [canvas, move] of [[grid, onGrid], [row, onRow]]) {
            canvas.onpointermove = canvas.onpointerdown = move;
            canvas.onkeydown = onKey;
        }
        grid.setAttribute("aria-label", "The image's numbers: the arrows go from pixel to pixel");
        row.setAttribute("aria-label", "The flat row: left and right go from number to number");
        near.setAttribute("aria-label", "The numbers before and after it in the flat row");
        glass.setAttribute("aria-label", "The numbers around it in the image");

        const fit = () => {
            const room = Math.min(MOST, grid.parentElement.clientWidth);
            if (!room) return;
            const fitting = room / width;
            cell = fitting >= 1 ? Math.floor(fitting * 2) / 2 : fitting;
            side = cell * width;
            draw();
        };
        state.observer?.disconnect();
        let before = 0;
        state.observer = new ResizeObserver(() => {
            const now = grid.parentElement.clientWidth;
            if (now !== before) { before = now; fit(); }
        });
        state.observer.observe(grid.parentElement);
        fit();
        return () => state.observer.disconnect();
    };
    """,
)


def show(
    image: Array, measured: Extent | None = None, *, scaled: bool = False, channel: int | None = None, key: str = "lens"
) -> None:
    """Show an image, (height, width) or (height, width, 3) uint8, number by number.

    With `measured` its box and its centre of mass lie over it; `scaled` writes the numbers from 0 to 1; `channel` shows
    one of a colour image's three colours alone.
    """
    height, width = image.shape[:2]
    data = {
        "pixels": image.ravel().tolist(),
        "height": height,
        "width": width,
        "depth": 3 if image.ndim == 3 else 1,
        "scaled": scaled,
        "channel": channel if image.ndim == 3 else None,
        "box": box(measured) if measured else None,
        "centre": [measured.column, measured.row] if measured else None,
        "names": COLORS,
    }
    _lens(data=json.dumps(data).encode(), key=key)


def box(measured: Extent) -> tuple[float, float, int, int]:
    """Return left, top, width and height of the 20 x 20 box around the ink, or of the ink's own where it is larger."""
    across, down = max(BOX, measured.width), max(BOX, measured.height)
    if max(across, down) > BOX:
        return measured.left, measured.top, measured.width, measured.height
    return measured.left + (measured.width - BOX) // 2, measured.top + (measured.height - BOX) // 2, BOX, BOX
