// One image as numbers: the grid of its pixels, the flattened row, and an enlarged detail of each.

const PIXEL_COLOR = "#E69F00";
const ROW_COLOR = "#56B4E9";
const BOX_COLOR = "#D55E00"; // the 20 x 20 box and the center of mass
const FAINT_COLOR = "#767C86";
const ZERO_COLOR = "#8A8F98"; // zeros are gray: the digit stands out
const GRID_LIMIT = 588; // pixels wide at most
const READABLE_CELL = 16; // pixels that a cell needs to hold a number
const NEIGHBORS = 11; // numbers of the flattened row that are enlarged
const AROUND = 7; // pixels a side of the enlarged detail
const STRIP_HEIGHT = 26; // of the flattened row, in pixels
const UNROLL_SECONDS = 3;
const ROWS_IN_FLIGHT = 6; // of the image, on their way to the flattened row at the same time
const DIRECTIONS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
const CHANNELS = [0, 1, 2];
const states = new WeakMap(); // for each grid: the selected pixel, the observers, and what stops the unrolling
let isUnrolled = false; // once a visit shows what flattening means; the button repeats it

const clamp = (value, highest) => Math.min(highest, Math.max(0, value));
const cssColor = ([red, green, blue]) => `rgb(${red}, ${green}, ${blue})`;
const textColor = ([red, green, blue]) => (0.3 * red + 0.6 * green + 0.1 * blue > 120 ? "#000" : "#fff");

// Scales 0..255 to 0..1 without the leading zero. Below 255 it never rounds to 1, which would look like 1.
const scaledText = (number) => {
    if (number === 0) return "0";
    if (number === 255) return "1";
    return Math.min(0.99, number / 255)
        .toFixed(2)
        .slice(1);
};

const write = (pen, text, x, y, fontSize, color) => {
    pen.font = `${fontSize}px sans-serif`;
    pen.fillStyle = color;
    pen.fillText(text, x, y);
};
const outline = (pen, x, y, width, height, color, lineWidth) => {
    pen.strokeStyle = color;
    pen.lineWidth = lineWidth;
    pen.strokeRect(x, y, width, height);
};
const drawCross = (pen, x, y, arm, color, lineWidth) => {
    pen.strokeStyle = color;
    pen.lineWidth = lineWidth;
    pen.beginPath();
    pen.moveTo(x - arm, y);
    pen.lineTo(x + arm, y);
    pen.moveTo(x, y - arm);
    pen.lineTo(x, y + arm);
    pen.stroke();
};
const bold = (text) => Object.assign(document.createElement("b"), { textContent: text });

export default ({ data: json, parentElement }) => {
    const { pixels, height, width, depth, scaled, channel, box, center, names } = JSON.parse(
        new TextDecoder().decode(json),
    );
    const find = (name) => parentElement.querySelector(`.${name}`);
    const grid = find("grid");
    const row = find("row");
    const near = find("near");
    const glass = find("glass");
    const state = states.get(grid) ?? { x: Math.floor(width / 2), y: Math.floor(height / 2) };
    states.set(grid, state);
    state.x = Math.min(state.x, width - 1);
    state.y = Math.min(state.y, height - 1);
    let cell = 0; // pixels a side of one of the grid's cells
    let gridWidth = 0; // pixels
    let arrived = height; // rows of the image in the flattened row, fewer while it unrolls

    const numberText = (number) => (scaled ? scaledText(number) : `${number}`);
    const flatIndex = (x, y) => (y * width + x) * depth; // of a pixel's first number
    const pixelColor = (x, y) => {
        const index = flatIndex(x, y);
        if (depth === 1) return [pixels[index], pixels[index], pixels[index]];
        return CHANNELS.map((one) => (channel === null || channel === one ? pixels[index + one] : 0));
    };
    // The color of one number of the flattened row: gray, or pure red, green or blue.
    const numberColor = (index) => {
        const number = pixels[index];
        return depth === 1 ? [number, number, number] : CHANNELS.map((one) => (one === index % 3 ? number : 0));
    };

    const drawCell = (pen, x, y) => {
        const color = pixelColor(x, y);
        pen.fillStyle = cssColor(color);
        pen.fillRect(x * cell, y * cell, cell + 0.5, cell + 0.5); // half a pixel more: no gaps between them
        const isOneNumber = depth === 1 || channel !== null;
        if (!isOneNumber || cell < READABLE_CELL) return;
        const number = pixels[flatIndex(x, y) + (channel ?? 0)];
        const ink = number === 0 ? ZERO_COLOR : textColor(color);
        write(pen, numberText(number), (x + 0.5) * cell, (y + 0.55) * cell, cell * 0.5, ink);
    };
    const drawGrid = () => {
        const pen = resize(grid, cell * width, cell * height);
        for (let y = 0; y < height; y += 1) {
            for (let x = 0; x < width; x += 1) drawCell(pen, x, y);
        }
        outline(pen, 1, state.y * cell, width * cell - 2, cell, ROW_COLOR, 1.5);
        outline(pen, state.x * cell, state.y * cell, cell, cell, PIXEL_COLOR, 3);
        if (box) {
            const [left, top, boxWidth, boxHeight] = box.map((length) => length * cell);
            pen.setLineDash([6, 4]);
            outline(pen, left, top, boxWidth, boxHeight, BOX_COLOR, 2.5);
            pen.setLineDash([]);
        }
        if (center) {
            const [x, y] = center.map((position) => (position + 0.5) * cell);
            drawCross(pen, x, y, 0.9 * cell, "#000", 6);
            drawCross(pen, x, y, 0.9 * cell, BOX_COLOR, 3);
        }
    };
    // All numbers as one image, a pixel each.
    const makeStrip = () => {
        const strip = new OffscreenCanvas(pixels.length, 1);
        const pen = strip.getContext("2d");
        const content = pen.createImageData(pixels.length, 1);
        pixels.forEach((_, index) => content.data.set([...numberColor(index), 255], 4 * index));
        pen.putImageData(content, 0, 0);
        return strip;
    };
    const strip = makeStrip();
    const drawRow = () => {
        const pen = resize(row, gridWidth, STRIP_HEIGHT + 10);
        const shown = (arrived / height) * pixels.length;
        if (shown) pen.drawImage(strip, 0, 0, shown, 1, 0, 5, (arrived / height) * gridWidth, STRIP_HEIGHT);

        const step = gridWidth / pixels.length; // pixels of one number
        const rowLength = width * depth * step; // pixels of one row of the image
        pen.strokeStyle = FAINT_COLOR;
        pen.lineWidth = 0.6;
        for (let y = 1; y < height; y += 1) {
            pen.beginPath();
            pen.moveTo(y * rowLength, 5 + STRIP_HEIGHT);
            pen.lineTo(y * rowLength, 10 + STRIP_HEIGHT);
            pen.stroke();
        }
        outline(pen, state.y * rowLength, 4, rowLength, STRIP_HEIGHT + 2, ROW_COLOR, 2);
        pen.fillStyle = PIXEL_COLOR;
        pen.fillRect((flatIndex(state.x, state.y) + depth / 2) * step - 1.5, 0, 3, STRIP_HEIGHT + 10);
    };
    const drawNear = () => {
        const tile = gridWidth / NEIGHBORS;
        const tileHeight = Math.min(tile, 34);
        const pen = resize(near, gridWidth, tileHeight + 20);
        const middle = flatIndex(state.x, state.y) + Math.floor(depth / 2);
        const indexColor = getComputedStyle(near).color;
        for (let place = 0; place < NEIGHBORS; place += 1) {
            const index = middle + place - Math.floor(NEIGHBORS / 2);
            if (index < 0 || index >= pixels.length) continue;
            const color = numberColor(index);
            const text = numberText(pixels[index]);
            const isOfPixel = Math.floor(index / depth) === Math.floor(middle / depth);
            const x = (place + 0.5) * tile;
            pen.fillStyle = cssColor(color);
            pen.fillRect(place * tile, 2, tile - 1, tileHeight - 4);
            write(pen, text, x, tileHeight / 2, Math.min(13, tile * 0.42), textColor(color));
            if (isOfPixel) outline(pen, place * tile + 1, 2, tile - 3, tileHeight - 4, PIXEL_COLOR, 3);
            write(pen, `${index}`, x, tileHeight + 9, Math.min(12, tile * 0.38), indexColor);
        }
    };
    const drawGlassTile = (pen, tile, column, line) => {
        const x = state.x + column - Math.floor(AROUND / 2);
        const y = state.y + line - Math.floor(AROUND / 2);
        if (x < 0 || y < 0 || x >= width || y >= height) return;
        const color = pixelColor(x, y);
        const ink = textColor(color);
        const index = flatIndex(x, y);
        const middleX = (column + 0.5) * tile;
        const middleY = (line + 0.5) * tile;
        pen.fillStyle = cssColor(color);
        pen.fillRect(column * tile, line * tile, tile - 1, tile - 1);
        if (depth === 1) {
            write(pen, numberText(pixels[index]), middleX, middleY, tile * 0.36, ink);
            return;
        }
        for (const one of CHANNELS) {
            const textY = middleY + (one - 1) * tile * 0.3;
            write(pen, numberText(pixels[index + one]), middleX, textY, tile * 0.29, ink);
        }
    };
    // The enlarged detail is needed only if the grid's cells are too small for numbers.
    const drawGlass = () => {
        const isNeeded = cell < READABLE_CELL || depth === 3;
        glass.hidden = !isNeeded;
        find("around").hidden = !isNeeded;
        if (!isNeeded) return;
        const tile = Math.min(44, gridWidth / AROUND);
        const pen = resize(glass, tile * AROUND, tile * AROUND);
        pen.fillStyle = `${FAINT_COLOR}40`;
        pen.fillRect(0, 0, tile * AROUND, tile * AROUND);
        for (let line = 0; line < AROUND; line += 1) {
            for (let column = 0; column < AROUND; column += 1) drawGlassTile(pen, tile, column, line);
        }
        const start = Math.floor(AROUND / 2) * tile;
        outline(pen, start, start, tile - 1, tile - 1, PIXEL_COLOR, 3);
    };
    // Lets copies of the image's rows fly to their places in the flattened row, one after another.
    const unroll = () => {
        state.stopUnrolling?.();
        const flight = find("flight");
        const [lensBox, gridBox, rowBox] = [find("lens"), grid, row].map((element) => element.getBoundingClientRect());
        const rowLength = gridWidth / height;
        const startTime = performance.now();
        let frame = 0;
        const drawFlying = (pen, y, share) => {
            const eased = share * share * (3 - 2 * share);
            const between = (start, end) => start + (end - start) * eased;
            const left = between(gridBox.left, rowBox.left + y * rowLength) - lensBox.left;
            const top = between(gridBox.top + y * cell, rowBox.top + 5) - lensBox.top;
            const size = [between(gridWidth, rowLength), between(cell, STRIP_HEIGHT)];
            pen.drawImage(strip, y * width * depth, 0, width * depth, 1, left, top, ...size);
            outline(pen, left, top, ...size, ROW_COLOR, 1);
        };
        const stop = () => {
            cancelAnimationFrame(frame);
            flight.hidden = true;
            arrived = height;
        };
        const step = (time) => {
            const progress = (time - startTime) / 1000 / UNROLL_SECONDS;
            if (progress >= 1) {
                stop();
                drawRow();
                return;
            }
            const pen = resize(flight, lensBox.width, lensBox.height);
            const shareOf = (y) => (progress * (height + ROWS_IN_FLIGHT) - y) / ROWS_IN_FLIGHT;
            arrived = 0;
            while (shareOf(arrived) >= 1) arrived += 1;
            for (let y = arrived; y < height && shareOf(y) > 0; y += 1) drawFlying(pen, y, shareOf(y));
            drawRow();
            frame = requestAnimationFrame(step);
        };
        state.stopUnrolling = stop;
        isUnrolled = true;
        flight.hidden = false;
        frame = requestAnimationFrame(step);
    };
    const describe = () => {
        const { x, y } = state;
        const index = flatIndex(x, y);
        const count = pixels.length.toLocaleString("en");
        const parts = [bold(`Row ${y}, column ${x}: `)];
        if (depth === 1) {
            const number = pixels[index];
            parts.push(
                `value ${number}, scaled ${number} / 255 = ${(number / 255).toFixed(2)}. Flattened: `,
                bold(`${y} × ${width} + ${x} = number ${index} of ${count}.`),
            );
        } else {
            const values = CHANNELS.map((one) => `${names[one]} ${pixels[index + one]}`).join(", ");
            const scaledValues = CHANNELS.map((one) => (pixels[index + one] / 255).toFixed(2)).join(", ");
            parts.push(
                `${values}; scaled ${scaledValues}. Flattened: `,
                bold(`3 × (${y} × ${width} + ${x}): numbers ${index}, ${index + 1}, ${index + 2} of ${count}.`),
            );
        }
        find("values").replaceChildren(...parts);
    };
    const draw = () => {
        drawGrid();
        drawRow();
        drawNear();
        drawGlass();
        describe();
    };

    const select = (column, line) => {
        const x = clamp(column, width - 1);
        const y = clamp(line, height - 1);
        if (x === state.x && y === state.y) return;
        state.x = x;
        state.y = y;
        draw();
    };
    const selectPlace = (place) => select(place % width, Math.floor(place / width)); // index of a pixel, row by row
    const onGridPointer = (event) => {
        const frame = grid.getBoundingClientRect();
        select(Math.floor((event.clientX - frame.left) / cell), Math.floor((event.clientY - frame.top) / cell));
    };
    const onRowPointer = (event) => {
        const share = (event.clientX - row.getBoundingClientRect().left) / gridWidth;
        selectPlace(Math.floor(clamp(share, 0.99999) * width * height));
    };
    const onKey = (event) => {
        const direction = DIRECTIONS[event.key];
        if (!direction || event.altKey || event.ctrlKey || event.metaKey) return;
        event.preventDefault();
        const [stepX, stepY] = direction;
        if (event.currentTarget === row && stepX) {
            // The flattened row continues with the next row of the image.
            selectPlace(clamp(state.y * width + state.x + stepX, width * height - 1));
        } else {
            select(state.x + stepX, state.y + stepY);
        }
    };
    grid.onpointermove = onGridPointer;
    grid.onpointerdown = onGridPointer;
    grid.onkeydown = onKey;
    row.onpointermove = onRowPointer;
    row.onpointerdown = onRowPointer;
    row.onkeydown = onKey;
    find("unroll").onclick = unroll;
    grid.setAttribute("aria-label", "Pixel values of the image. The arrow keys move from pixel to pixel.");
    row.setAttribute("aria-label", "The flattened row. The left and right arrow keys move from pixel to pixel.");
    near.setAttribute("aria-label", "The values before and after the selected pixel in the flattened row");
    glass.setAttribute("aria-label", "The values around the selected pixel in the image");

    const fit = () => {
        const room = Math.min(GRID_LIMIT, grid.parentElement.clientWidth);
        if (!room) return;
        const exact = room / width;
        cell = exact >= 1 ? Math.floor(exact * 2) / 2 : exact; // whole or half pixels keep the lines sharp
        gridWidth = cell * width;
        draw();
    };
    state.stopUnrolling?.(); // that of another image
    state.observer?.disconnect();
    state.sight?.disconnect();
    let lastRoom = 0;
    state.observer = new ResizeObserver(() => {
        const room = grid.parentElement.clientWidth;
        if (room !== lastRoom) {
            lastRoom = room;
            fit();
        }
    });
    state.observer.observe(grid.parentElement);
    fit();
    state.sight = new IntersectionObserver((entries) => {
        if (isUnrolled || !entries.some((entry) => entry.isIntersecting)) return;
        state.sight.disconnect();
        unroll();
    });
    if (!isUnrolled && !matchMedia("(prefers-reduced-motion: reduce)").matches) state.sight.observe(row);
    return () => {
        state.observer.disconnect();
        state.sight.disconnect();
        state.stopUnrolling?.();
    };
};
