// The layers of a network as one picture, and the calculation of the chosen map or unit, number by number.

const LIGHT = { positive: [0, 114, 178], negative: [213, 94, 0] };
const DARK = { positive: [86, 180, 233], negative: [240, 130, 50] }; // lighter, to be seen on black
// Tiles in a column, their side, and the least gap between columns, in screen pixels: the first with which the whole
// picture fits, else the last.
const SIZES = [
    [8, 40, 22],
    [8, 36, 22],
    [8, 32, 22],
    [8, 28, 22],
    [11, 28, 22],
    [11, 24, 8],
    [8, 30, 22],
];
const SINGLE_COLUMN = 10; // tiles that stand in one column
const MAX_ANCHORS = 8; // ends of faint lines at one side of a column
const MAX_SOURCES = 8; // strong inputs that are connected with the chosen tile
const MAP_SIDE = 112; // screen pixels of a map in the calculation, at most
const SIGN_WIDTH = 24; // screen pixels that a sign and the gaps beside it take
const WINDOW_SIDE = 140; // at most, of the window of a convolution
const READABLE_SIZE = 7; // cells a side of a map whose numbers can be read
const READABLE_CELL = 22; // screen pixels that a cell needs to hold a number
const STEP_MILLISECONDS = 220;
const EMPTY_STEP_MILLISECONDS = 15; // where the window holds only zeros
const DIRECTIONS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
const ZERO_LEVEL = 127; // of 0 to 254
const SVG = "http://www.w3.org/2000/svg";
const states = new WeakMap(); // of each component: where its window is, and whether it slides

// --- numbers -------------------------------------------------------------------------------------------------------

const unpack = (url) => Uint8Array.from(atob(url.slice(url.indexOf(",") + 1)), (letter) => letter.codePointAt(0));
const unpackFloats = (url) => new Float32Array(unpack(url).buffer);
const add = (numbers) => numbers.reduce((sum, number) => sum + number, 0);
const magnitude = (numbers) =>
    numbers.reduce((largest, number) => (Number.isFinite(number) ? Math.max(largest, Math.abs(number)) : largest), 0) ||
    1;
const clamp = (value, highest) => Math.min(highest, Math.max(0, value));
const number = (value, places = 2) => {
    if (!Number.isFinite(value)) return "no number";
    const isTiny = Math.abs(value) < 0.5 * 10 ** -places && Math.abs(value) >= 0.00005;
    const digits = isTiny ? 4 : places;
    const rounded = Number(value.toFixed(digits)) + 0; // no negative zero
    const format = { minimumFractionDigits: digits, maximumFractionDigits: digits };
    return rounded.toLocaleString("en", format).replace("-", "−");
};
// Without the leading zero, to fit into a cell.
const shortNumber = (value) => {
    if (value === 0) return "0";
    if (!Number.isFinite(value)) return "–";
    const text = value.toFixed(Math.abs(value) < 9.95 ? 2 - (Math.abs(value) >= 0.995) : 0);
    return text.replace("-", "−").replace(/^(−?)0\./, "$1.");
};
const joinSum = (parts) =>
    parts.map(([value, words], index) => {
        const sign = value < 0 ? " − " : " + ";
        return `${index ? sign : ""}${number(index ? Math.abs(value) : value)}${words}`;
    });

// --- drawing -------------------------------------------------------------------------------------------------------

const element = (tag, className = "", text = "") =>
    Object.assign(document.createElement(tag), { className, textContent: text });
const brightness = ([red, green, blue]) => 0.3 * red + 0.6 * green + 0.1 * blue;
// The color of a share of the largest magnitude, -1 to 1.
const tint = (share, { paper, hues }) => {
    const hue = share < 0 ? hues.negative : hues.positive;
    const opacity = Number.isFinite(share) ? Math.min(1, Math.abs(share)) : 0;
    return paper.map((level, index) => Math.round(level + opacity * (hue[index] - level)));
};
const readTheme = (root) => {
    const paper = getComputedStyle(root)
        .backgroundColor.match(/[\d.]+/g)
        .slice(0, 3)
        .map(Number);
    const theme = { paper, ink: getComputedStyle(root).color, hues: brightness(paper) < 128 ? DARK : LIGHT };
    const levels = Array.from({ length: 255 }, (_, level) => tint((level - ZERO_LEVEL) / ZERO_LEVEL, theme));
    return { ...theme, levels };
};
const css = (color) => `rgb(${color.join(" ")})`;
// Paints one pixel for each color; CSS enlarges them.
const paint = (canvas, width, height, colorAt) => {
    canvas.width = width;
    canvas.height = height;
    const pen = canvas.getContext("2d");
    const pixels = pen.createImageData(width, height);
    pixels.data.fill(255); // opaque
    for (let index = 0; index < width * height; index += 1) pixels.data.set(colorAt(index), 4 * index);
    pen.putImageData(pixels, 0, 0);
    return canvas;
};
const outline = (pen, theme, x, y, width, height) => {
    for (const [color, lineWidth] of [
        [css(theme.paper), 5],
        [theme.ink, 2.5],
    ]) {
        pen.strokeStyle = color;
        pen.lineWidth = lineWidth;
        pen.strokeRect(x, y, width, height);
    }
};
// Draws values as a map, (height, width), with a margin around it and a window over it, in pixels of the map.
const drawMap = (
    canvas,
    values,
    [height, width],
    { theme, side, margin = 0, scale, window, isDimmed = () => false },
) => {
    const cell = side / Math.max(height + 2 * margin, width + 2 * margin);
    const pen = resize(canvas, (width + 2 * margin) * cell, (height + 2 * margin) * cell);
    pen.imageSmoothingEnabled = false;
    const color = (index) => tint((values[index] / scale) * (isDimmed(index) ? 0.15 : 1), theme);
    const picture = paint(element("canvas"), width, height, color);
    pen.drawImage(picture, margin * cell, margin * cell, width * cell, height * cell);
    pen.strokeStyle = "#8a8f98";
    pen.lineWidth = 1;
    pen.strokeRect(margin * cell + 0.5, margin * cell + 0.5, width * cell - 1, height * cell - 1);
    if (!window) return;
    const [x, y, windowWidth, windowHeight] = window.map((length) => length * cell);
    outline(pen, theme, x + margin * cell, y + margin * cell, windowWidth, windowHeight);
};
// Draws values as cells, (height, width), with their numbers if these can be read.
const drawCells = (canvas, values, [height, width], { theme, scale }) => {
    const cell = Math.min(36, Math.floor(WINDOW_SIDE / Math.max(height, width)));
    const pen = resize(canvas, width * cell, height * cell);
    values.forEach((value, index) => {
        const x = (index % width) * cell;
        const y = Math.floor(index / width) * cell;
        const color = tint(value / scale, theme);
        pen.fillStyle = css(color);
        pen.fillRect(x, y, cell, cell);
        pen.strokeStyle = "#8a8f9880";
        pen.strokeRect(x, y, cell, cell);
        if (cell < READABLE_CELL) return;
        pen.font = `${Math.min(13, cell * 0.42)}px sans-serif`;
        pen.fillStyle = brightness(color) > 125 ? "#000" : "#fff";
        pen.fillText(shortNumber(value), x + cell / 2, y + cell / 2 + 1);
    });
};

// --- the picture ---------------------------------------------------------------------------------------------------

const buildColumn = (stage, place) => {
    const column = element("div", `column ${stage.kind}`);
    const head = element("div", "title");
    head.append(element("b", "", stage.title), element("span", "", stage.caption));
    const tiles = element("div", "tiles");
    const hasButtons = stage.kind !== "image" && stage.kind !== "list";
    if (hasButtons) {
        for (const { unit } of stage.tiles) {
            const button = element("button");
            button.type = "button";
            button.dataset.place = place;
            button.dataset.unit = unit;
            if (stage.kind === "output") button.append(element("span"), element("i"), element("span"));
            else button.append(element("canvas"));
            tiles.append(button);
        }
    } else {
        const canvas = element("canvas");
        canvas.setAttribute("role", "img");
        canvas.setAttribute("aria-label", `${stage.title}: ${stage.caption}`);
        tiles.append(canvas);
    }
    const foot = element("div", "foot");
    foot.append(...[stage.more, stage.later].filter(Boolean).map((text) => element("span", "", text)));
    column.append(head, tiles, foot);
    return column;
};

const updateColumn = (column, stage, theme) => {
    const tiles = column.querySelector(".tiles");
    if (stage.kind === "image") {
        const pixels = unpack(stage.pixels);
        const color = (index) => [0, 1, 2].map((one) => pixels[stage.depth * index + (stage.depth === 3 ? one : 0)]);
        paint(tiles.firstChild, stage.width, stage.height, color);
        return;
    }
    const levels = stage.levels && unpack(stage.levels);
    if (stage.kind === "list") {
        paint(tiles.firstChild, 1, levels.length, (index) => theme.levels[levels[index]]);
        return;
    }
    stage.tiles.forEach(({ unit, name, text, share }, index) => {
        const button = tiles.children[index];
        button.dataset.unit = unit;
        button.title = `${name}: ${text}`;
        button.ariaLabel =
            stage.kind === "output" ? `${stage.title} ${name}: ${text}` : `${name} of ${stage.title}: ${text}`;
        if (stage.kind === "output") {
            const [label, bar, percent] = button.children;
            label.textContent = name;
            percent.textContent = text;
            bar.style.setProperty("--share", share);
            button.classList.toggle("best", share === Math.max(...stage.tiles.map((tile) => tile.share)));
            return;
        }
        const size = stage.width * stage.height;
        const color = (pixel) => theme.levels[levels[index * size + pixel]];
        paint(button.firstChild, stage.width, stage.height, color);
    });
};

// Returns the places where lines may end at one side of a column, at most a few.
const anchors = (column, side, frame) => {
    const tiles = column.querySelector(".tiles");
    const { left, right, top, height } = tiles.getBoundingClientRect();
    const buttons = [...tiles.querySelectorAll("button")].map((button) => button.getBoundingClientRect());
    const middles = [...new Set(buttons.map((box) => Math.round(box.top + box.height / 2)))].toSorted((a, b) => a - b);
    const all = middles.length ? middles : [0.1, 0.3, 0.5, 0.7, 0.9].map((share) => top + share * height);
    const step = Math.ceil(all.length / MAX_ANCHORS);
    const x = (side === "left" ? left : right) - frame.left;
    return all.filter((_, index) => index % step === 0).map((y) => [x, y - frame.top]);
};

const drawLines = (columns, { stages, chosen, sources }, theme) => {
    const frame = columns.getBoundingClientRect();
    const all = [...columns.querySelectorAll(".column")];
    const svg = document.createElementNS(SVG, "svg");
    svg.setAttribute("aria-hidden", "true");
    const line = (d, attributes) => {
        const path = document.createElementNS(SVG, "path");
        for (const [name, value] of Object.entries({ d, fill: "none", ...attributes })) path.setAttribute(name, value);
        svg.append(path);
    };
    for (let place = 1; place < all.length; place += 1) {
        const from = anchors(all[place - 1], "right", frame);
        const to = anchors(all[place], "left", frame);
        const longest = Math.max(from.length, to.length);
        const isMesh = stages[place].has_weights || stages[place].kind === "output";
        const pairs = isMesh
            ? from.flatMap((start) => to.map((end) => [start, end]))
            : Array.from({ length: longest }, (_, index) => [
                  from[Math.floor((index * from.length) / longest)],
                  to[Math.floor((index * to.length) / longest)],
              ]);
        line(pairs.map(([start, end]) => `M${start}L${end}`).join(""), { class: "mesh" });
    }
    const [place, unit] = chosen;
    const target = all[place]?.querySelector(`[data-unit="${unit}"]`)?.getBoundingClientRect();
    if (!target) return svg;
    const before = all[place - 1];
    const isOne = !before.querySelector("button"); // an image or a list
    const starts = isOne
        ? [[before.querySelector("canvas"), 1]]
        : sources.map(([source, share]) => [before.querySelector(`[data-unit="${source}"]`), share]);
    for (const [start, share] of starts.filter(([tile, size]) => tile && size).slice(0, MAX_SOURCES)) {
        const box = start.getBoundingClientRect();
        const [x, y] = [box.right - frame.left, box.top + box.height / 2 - frame.top];
        const [endX, endY] = [target.left - frame.left, target.top + target.height / 2 - frame.top];
        const middle = (x + endX) / 2;
        line(`M${x} ${y}C${middle} ${y} ${middle} ${endY} ${endX} ${endY}`, {
            stroke: css(share < 0 ? theme.hues.negative : theme.hues.positive),
            "stroke-width": 1 + 2 * Math.abs(share),
        });
    }
    return svg;
};

const center = (tile) => {
    const { left, top, width, height } = tile.getBoundingClientRect();
    return [left + width / 2, top + height / 2];
};
// Returns the tile that lies next in a direction.
const neighbor = (tiles, from, [stepX, stepY]) => {
    const [x, y] = center(from);
    const distance = (tile) => {
        const [toX, toY] = center(tile);
        const along = (toX - x) * stepX + (toY - y) * stepY;
        const aside = Math.abs((toX - x) * stepY) + Math.abs((toY - y) * stepX);
        return along > 1 ? along + 3 * aside : Infinity;
    };
    const distances = tiles.map(distance);
    const least = Math.min(...distances);
    return least < Infinity ? tiles[distances.indexOf(least)] : null;
};

// --- the calculation -----------------------------------------------------------------------------------------------

const unpackCalculation = (packed) => {
    const terms = packed.terms.map((term) => ({
        ...term,
        values: unpackFloats(term.values),
        weights: term.weights && unpackFloats(term.weights),
    }));
    const [valueScale, weightScale] = ["values", "weights"].map((part) =>
        magnitude(terms.flatMap((term) => [...(term[part] ?? [])])),
    );
    return {
        ...packed,
        terms,
        rest: unpackFloats(packed.rest),
        bias: unpackFloats(packed.bias)[0],
        functions: packed.functions.map((one) => ({ ...one, values: unpackFloats(one.values) })),
        valueScale,
        weightScale,
        count: packed.size[0] * packed.size[1],
    };
};

// Returns the column and row of the window's corner.
const cornerAt = ({ begin, strides, size }, place) => [
    begin[1] + strides * (place % size[1]),
    begin[0] + strides * Math.floor(place / size[1]),
];

// Returns what the window holds at a place, the products, and what they give.
const compute = (calculation, place) => {
    const [left, top] = cornerAt(calculation, place);
    const [windowHeight, windowWidth] = calculation.window;
    const parts = calculation.terms.map(({ values, weights, height, width }) => {
        const window = Array.from({ length: windowHeight * windowWidth }, (_, index) => {
            const x = left + (index % windowWidth);
            const y = top + Math.floor(index / windowWidth);
            return x >= 0 && y >= 0 && x < width && y < height ? values[y * width + x] : 0;
        });
        const products = weights && window.map((value, index) => value * weights[index]);
        return { window, products, sum: products && add(products) };
    });
    const isEmpty = parts.every(({ window }) => window.every((value) => value === 0));
    if (calculation.operation === "sum") {
        const total = add(parts.map(({ sum }) => sum)) + calculation.rest[place] + calculation.bias;
        return { parts, isEmpty, total };
    }
    const [{ window }] = parts;
    return {
        parts,
        isEmpty,
        total: calculation.operation === "largest" ? Math.max(...window) : add(window) / window.length,
    };
};

const figure = (caption, label) => {
    const frame = element("figure");
    const canvas = element("canvas");
    canvas.setAttribute("role", "img");
    canvas.setAttribute("aria-label", label ?? caption);
    frame.append(canvas, element("figcaption", "", caption));
    return frame;
};

const buildTerm = (term, calculation) => {
    const isSliding = calculation.count > 1;
    const row = element("div", "term");
    const sign = (text) => element("span", "sign", text);
    row.append(figure(term.name));
    if (isSliding) row.append(figure("window", `The window on ${term.name}`));
    if (term.weights) {
        row.append(sign("×"), figure(isSliding ? "kernel" : "weights", `The weights of ${term.name}`));
        row.append(sign("="), figure("products", `The products of ${term.name} and its weights`));
    }
    return row;
};

const drawTerm = (row, term, part, calculation, place, { theme, side }) => {
    const { window, valueScale, weightScale, begin, count } = calculation;
    const isSliding = count > 1;
    const size = [term.height, term.width];
    const canvases = [...row.querySelectorAll("canvas")];
    const draw = isSliding || Math.max(...size) <= READABLE_SIZE ? drawCells : drawMap;
    if (isSliding) {
        const margin = Math.max(0, -begin[0], -begin[1]);
        const frame = [...cornerAt(calculation, place), window[1], window[0]];
        drawMap(canvases[0], term.values, size, { theme, side, margin, scale: valueScale, window: frame });
        drawCells(canvases[1], part.window, window, { theme, scale: valueScale });
    } else {
        draw(canvases[0], term.values, size, { theme, side, scale: valueScale });
    }
    if (term.weights) {
        const [weights, products] = canvases.slice(-2);
        const scale = isSliding ? valueScale * weightScale : magnitude(part.products);
        draw(weights, term.weights, window, { theme, side, scale: weightScale });
        draw(products, part.products, window, { theme, side, scale });
        products.nextSibling.textContent = `products, sum ${number(part.sum)}`;
    }
};

// A table of single numbers: the outputs of units, their weights, and the products.
const buildTable = ({ terms, percent }) => {
    const table = element("table");
    const head = table.createTHead().insertRow();
    for (const text of ["input", "output", "× weight", "= product"]) {
        const cell = element("th", "", text);
        cell.scope = "col";
        head.append(cell);
    }
    const products = terms.map(({ values, weights }) => values[0] * weights[0]);
    const scale = magnitude(products);
    const body = table.createTBody();
    terms.forEach(({ name, values, weights }, index) => {
        const row = body.insertRow();
        for (const text of [name, number(values[0]), number(weights[0]), number(products[index])]) {
            row.insertCell().textContent = text;
        }
        const bar = element("i");
        bar.style.width = `${Math.round((110 * Math.abs(products[index])) / scale) || 0}px`;
        bar.className = products[index] < 0 ? "negative" : "positive";
        row.insertCell().append(bar);
    });
    table.setAttribute(
        "aria-label",
        percent ? "The strongest inputs of this output" : "The strongest inputs of this unit",
    );
    return table;
};

const describe = (calculation, place, { parts, total }) => {
    const { operation, others, rest, bias, functions, percent, window } = calculation;
    const texts = [];
    if (operation === "sum") {
        const isList = window[0] * window[1] === 1 && calculation.count === 1;
        const sums = isList
            ? [[add(parts.map(({ sum }) => sum)), others ? " (these)" : " (products)"]]
            : parts.map(({ sum }) => [sum, ""]);
        if (others) sums.push([rest[place], ` (${others})`]);
        if (bias !== 0) sums.push([bias, " (bias)"]);
        texts.push(...(sums.length > 1 ? [...joinSum(sums), " = "] : ["Sum: "]));
    } else {
        texts.push(operation === "largest" ? "The largest: " : "The mean: ");
    }
    const value = element("b", "", number(total));
    const later = functions.map(({ name, values }) => {
        const isShare = percent && name === "softmax";
        return [
            ` → ${name} `,
            element("b", "", isShare ? `${number(100 * values[place], 1)} %` : number(values[place])),
        ];
    });
    return [texts.join(""), value, ...later.flat()];
};

// --- the component -------------------------------------------------------------------------------------------------

export default ({ data: json, parentElement, setTriggerValue }) => {
    const data = JSON.parse(new TextDecoder().decode(json));
    const find = (name) => parentElement.querySelector(name);
    const picture = find(".picture");
    const columns = find(".columns");
    const result = find(".result");
    const resultCanvas = result.querySelector("canvas");
    const controls = find(".controls");
    const play = find(".play");
    const calculation = unpackCalculation(data.calculation);
    const state = states.get(picture) ?? { layout: "", title: "", place: 0, isPlaying: false };
    states.set(picture, state);
    const isCalm = matchMedia("(prefers-reduced-motion: reduce)").matches;
    let theme = null;
    const updateTheme = () => {
        theme = readTheme(picture);
        for (const [name, color] of Object.entries(theme.hues))
            picture.parentElement.style.setProperty(`--${name}`, css(color));
    };

    // The picture: its elements stay while its layers do, so that the focus survives an update.
    const layout = JSON.stringify(
        data.stages.map(({ title, caption, kind, tiles, more, later }) => [
            title,
            caption,
            kind,
            tiles?.length,
            more,
            later,
        ]),
    );
    if (layout !== state.layout) {
        state.layout = layout;
        columns.replaceChildren(...data.stages.map(buildColumn));
    }
    picture.setAttribute("aria-label", data.alt);
    const tiles = [...columns.querySelectorAll("button")];
    const isChosen = ({ dataset: { place, unit } }) =>
        Number(place) === data.chosen[0] && Number(unit) === data.chosen[1];
    // The Tab key stops at one tile only; the arrow keys move between them.
    const setFocusable = (one) => {
        for (const tile of tiles) tile.tabIndex = tile === one ? 0 : -1;
    };
    const updateLines = () => {
        columns.querySelector("svg")?.remove();
        columns.prepend(drawLines(columns, { ...data, sources: data.calculation.sources }, theme));
    };
    const drawPicture = () => {
        [...columns.querySelectorAll(".column")].forEach((column, place) =>
            updateColumn(column, data.stages[place], theme),
        );
        for (const tile of tiles) tile.setAttribute("aria-pressed", isChosen(tile));
        if (!tiles.some((tile) => tile.matches(":focus"))) setFocusable(tiles.find(isChosen) ?? tiles[0]);
    };
    const fit = () => {
        SIZES.some(([rows, side, gap]) => {
            columns.style.setProperty("--tile", `${side}px`);
            columns.style.columnGap = `${gap}px`;
            for (const grid of columns.querySelectorAll(".maps .tiles, .units .tiles")) {
                const count = grid.children.length;
                grid.style.setProperty("--columns", count <= SINGLE_COLUMN ? 1 : Math.ceil(count / rows));
            }
            return picture.scrollWidth <= picture.clientWidth;
        });
        updateLines();
        picture.onscroll();
    };
    // Where the picture goes on, it fades out.
    picture.onscroll = () =>
        picture.classList.toggle("cut", picture.scrollLeft + picture.clientWidth < picture.scrollWidth - 1);
    picture.onclick = ({ target }) => {
        const tile = target.closest("button");
        if (!tile) return;
        state.clicked = [Number(tile.dataset.place), Number(tile.dataset.unit)];
        setFocusable(tile);
        setTriggerValue("chosen", state.clicked);
    };
    picture.onkeydown = (event) => {
        const direction = DIRECTIONS[event.key];
        const tile = event.target.closest("button");
        const next = direction && tile && neighbor(tiles, tile, direction);
        if (!next) return;
        event.preventDefault();
        setFocusable(next);
        next.focus();
    };

    // The calculation
    const isSliding = calculation.count > 1;
    const isTable =
        !isSliding && calculation.terms.every(({ height, width, weights }) => weights && height * width === 1);
    const isClicked = String(state.clicked) === String(data.chosen);
    const image = data.stages[0].pixels;
    if (state.title !== calculation.title || isClicked) {
        state.isPlaying = isSliding && isClicked && !isCalm;
        state.place = state.isPlaying ? 0 : calculation.at;
    } else if (state.image !== image && !state.isPlaying) {
        state.place = calculation.at;
    }
    state.title = calculation.title;
    state.image = image;
    if (isClicked) state.clicked = null;
    state.place = Math.min(state.place, calculation.count - 1);
    find("h2").textContent = calculation.title;
    controls.hidden = !isSliding;
    result.hidden = !isSliding;
    const terms = find(".terms");
    terms.replaceChildren(
        ...(isTable ? [buildTable(calculation)] : calculation.terms.map((term) => buildTerm(term, calculation))),
    );
    const values =
        calculation.functions.at(-1)?.values ??
        Array.from({ length: calculation.count }, (_, place) => compute(calculation, place).total);
    const resultScale = magnitude([...values]);

    const drawCalculation = () => {
        const found = compute(calculation, state.place);
        const side = Math.min(MAP_SIDE, Math.floor(picture.clientWidth / 3) - SIGN_WIDTH); // three beside each other
        if (!isTable) {
            [...terms.children].forEach((row, index) =>
                drawTerm(row, calculation.terms[index], found.parts[index], calculation, state.place, { theme, side }),
            );
        }
        find(".sum").replaceChildren(...describe(calculation, state.place, found));
        if (isSliding) {
            const { size } = calculation;
            const column = state.place % size[1];
            const line = Math.floor(state.place / size[1]);
            drawMap(resultCanvas, values, size, {
                theme,
                side,
                scale: resultScale,
                window: [column, line, 1, 1],
                isDimmed: (index) => state.isPlaying && index > state.place,
            });
            result.querySelector("figcaption").textContent = `row ${line}, column ${column}`;
        }
        return found.isEmpty;
    };
    const stop = () => clearTimeout(state.timer);
    const run = () => {
        stop();
        play.textContent = state.isPlaying ? "Pause" : "Play";
        find(".sum").setAttribute("aria-live", state.isPlaying || data.busy ? "off" : "polite");
        const isEmpty = drawCalculation();
        if (!state.isPlaying) return;
        const next = () => {
            state.place = (state.place + 1) % calculation.count;
            run();
        };
        state.timer = setTimeout(next, isEmpty ? EMPTY_STEP_MILLISECONDS : STEP_MILLISECONDS);
    };
    const moveTo = (place) => {
        state.isPlaying = false;
        state.place = clamp(place, calculation.count - 1);
        run();
    };
    play.onclick = () => {
        state.isPlaying = !state.isPlaying;
        run();
    };
    find(".back").onclick = () => moveTo(state.place - 1);
    find(".forward").onclick = () => moveTo(state.place + 1);
    const onPointer = (event) => {
        const frame = resultCanvas.getBoundingClientRect();
        const [height, width] = calculation.size;
        const column = clamp(Math.floor(((event.clientX - frame.left) / frame.width) * width), width - 1);
        const line = clamp(Math.floor(((event.clientY - frame.top) / frame.height) * height), height - 1);
        if (line * width + column !== state.place) moveTo(line * width + column);
    };
    resultCanvas.onpointermove = onPointer;
    resultCanvas.onpointerdown = onPointer;
    resultCanvas.onkeydown = (event) => {
        const direction = DIRECTIONS[event.key];
        if (!direction || event.altKey || event.ctrlKey || event.metaKey) return;
        event.preventDefault();
        const [stepX, stepY] = direction;
        const [height, width] = calculation.size;
        const column = clamp((state.place % width) + stepX, width - 1);
        const line = clamp(Math.floor(state.place / width) + stepY, height - 1);
        moveTo(line * width + column);
    };
    resultCanvas.setAttribute("aria-label", `All values of ${calculation.title}. The arrow keys move the window.`);

    state.observer?.disconnect();
    let lastWidth = picture.clientWidth;
    state.observer = new ResizeObserver(() => {
        if (picture.clientWidth === lastWidth) return;
        lastWidth = picture.clientWidth;
        drawAll();
    });
    const drawAll = () => {
        updateTheme();
        drawPicture();
        run();
        fit();
    };
    picture.ontransitionend = ({ target }) => target === picture && drawAll(); // the theme has changed
    drawAll();
    state.observer.observe(picture);
    return () => {
        stop();
        state.observer.disconnect();
    };
};
