// A kernel on an image: the nine pixels under it, its weights to edit, and the map, relu and pooled map it makes.

const BLUE = [0, 114, 178]; // positive values
const VERMILLION = [213, 94, 0]; // negative values
const MARK = "#E69F00";
const FRAME = "rgba(128, 128, 128, 0.6)";
const KERNEL_ROOM = 400; // pixels beside the four images when all stand in one row
const LARGEST_CELL = 9; // pixels a side
const SMALLEST_CELL = 6; // in one row; with less room the images wrap
const SLIDE_SECONDS = 9;
const DIRECTIONS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
const states = new WeakMap(); // for each view: position, weights, slide and the observer of its width

const clamp = (value, highest) => Math.min(highest, Math.max(0, value));
const gray = (pixel) => `rgb(${pixel}, ${pixel}, ${pixel})`;
const numberText = (value) => `${Math.round(value * 100) / 100 || 0}`.replace("-", "−");

const outline = (pen, x, y, side, width) => {
    pen.strokeStyle = MARK;
    pen.lineWidth = width;
    pen.strokeRect(x, y, side, side);
};

const makeWeight = (_, place) => {
    const label = document.createElement("label");
    const input = Object.assign(document.createElement("input"), { type: "number", step: "0.5" });
    input.setAttribute("aria-label", `Weight in row ${Math.floor(place / 3)}, column ${place % 3}`);
    label.append(document.createElement("span"), input);
    return label;
};

export default ({ data: json, parentElement, setTriggerValue }) => {
    const { image, map, relu, pooled, weights, limit } = JSON.parse(new TextDecoder().decode(json));
    const find = (name) => parentElement.querySelector(name);
    const stages = find(".stages");
    const kernel = find(".kernel");
    const button = find("button");
    const side = { image: 28, map: 26, pooled: 13 };
    const state = states.get(stages) ?? { x: 10, y: 8, slid: null };
    states.set(stages, state);
    const scale = Math.max(...map.map(Math.abs)) || 1;
    let cell = LARGEST_CELL; // pixels a side

    const tint = (value) => {
        const [red, green, blue] = value >= 0 ? BLUE : VERMILLION;
        return `rgba(${red}, ${green}, ${blue}, ${Math.min(1, Math.abs(value) / scale)})`;
    };
    const drawValues = (name, values, width, color, count) => {
        const pen = resize(find(`.${name}`), cell * width, cell * width);
        values.slice(0, count).forEach((value, index) => {
            pen.fillStyle = color(value);
            // half a pixel more: no gaps between them
            const [x, y] = [index % width, Math.floor(index / width)];
            pen.fillRect(x * cell, y * cell, cell + 0.4, cell + 0.4);
        });
        pen.strokeStyle = FRAME;
        pen.lineWidth = 1;
        pen.strokeRect(0.5, 0.5, cell * width - 1, cell * width - 1);
        return pen;
    };
    const drawImages = () => {
        const { x, y, slid } = state;
        const half = [Math.floor(x / 2), Math.floor(y / 2)];
        // While the kernel slides, each image shows what has been computed.
        const count = slid === null ? map.length : y * side.map + x + 1;
        const pools = slid === null ? pooled.length : half[1] * side.pooled + (y % 2 ? half[0] + (x % 2) : 0);
        outline(drawValues("image", image, side.image, gray), x * cell, y * cell, 3 * cell, 2.5);
        outline(drawValues("map", map, side.map, tint, count), x * cell, y * cell, cell, 2.5);
        const reluPen = drawValues("relu", relu, side.map, tint, count);
        outline(reluPen, 2 * half[0] * cell, 2 * half[1] * cell, 2 * cell, 1.5);
        outline(drawValues("pooled", pooled, side.pooled, tint, pools), half[0] * cell, half[1] * cell, cell, 2);
    };
    const pixelAt = (place) => image[(state.y + Math.floor(place / 3)) * side.image + state.x + (place % 3)] / 255;
    const describe = () => {
        [...kernel.children].forEach((label, place) => {
            label.firstChild.textContent = `${pixelAt(place).toFixed(2)} ×`;
        });
        const sum = map[state.y * side.map + state.x];
        const kept = relu[state.y * side.map + state.x];
        const pool = pooled[Math.floor(state.y / 2) * side.pooled + Math.floor(state.x / 2)];
        find(".sum").textContent =
            `Row ${state.y}, column ${state.x}: the nine products add up to ${numberText(sum)}. ` +
            `relu makes it ${numberText(kept)}; the largest in its block of four is ${numberText(pool)}.`;
    };
    const draw = () => {
        drawImages();
        describe();
    };

    const showButton = () => {
        button.textContent = state.slid === null ? "Slide the kernel" : "Stop";
    };
    const stop = () => {
        cancelAnimationFrame(state.frame);
        state.slid = null;
        find(".sum").setAttribute("aria-live", "polite");
        showButton();
    };
    const moveTo = (x, y) => {
        if (state.slid !== null) stop();
        state.x = clamp(x, side.map - 1);
        state.y = clamp(y, side.map - 1);
        state.draw();
    };
    const slide = (time) => {
        state.slid ??= time;
        const place = Math.floor(((time - state.slid) / 1000 / SLIDE_SECONDS) * map.length);
        if (place >= map.length) {
            moveTo(side.map - 1, side.map - 1);
            return;
        }
        state.x = place % side.map;
        state.y = Math.floor(place / side.map);
        state.draw();
        state.frame = requestAnimationFrame(slide);
    };
    state.draw = draw; // a slide that goes on shows the newest kernel
    button.onclick = () => {
        if (state.slid !== null) {
            stop();
            state.draw();
            return;
        }
        find(".sum").setAttribute("aria-live", "off"); // too fast to read aloud
        state.slid = performance.now();
        state.frame = requestAnimationFrame(slide);
        showButton();
    };

    // The kernel's middle is under the pointer in the image; in the outputs the position itself is.
    const OFFSETS = { image: [1, 1], map: [0, 1], relu: [0, 1], pooled: [0, 2] };
    for (const [name, [offset, factor]] of Object.entries(OFFSETS)) {
        const canvas = find(`.${name}`);
        canvas.onpointermove = (event) => {
            if (state.slid !== null && event.type === "pointermove") return; // only a press ends the slide
            const frame = canvas.getBoundingClientRect();
            const [x, y] = [event.clientX - frame.left, event.clientY - frame.top];
            moveTo(Math.floor((x / cell) * factor) - offset, Math.floor((y / cell) * factor) - offset);
        };
        canvas.onpointerdown = canvas.onpointermove;
        canvas.onkeydown = (event) => {
            const direction = DIRECTIONS[event.key];
            if (!direction || event.altKey || event.ctrlKey || event.metaKey) return;
            event.preventDefault();
            moveTo(state.x + direction[0], state.y + direction[1]);
        };
    }
    find(".image").setAttribute("aria-label", "The digit. The arrow keys move the kernel from pixel to pixel.");
    find(".map").setAttribute("aria-label", "The map of sums. The arrow keys move the kernel from pixel to pixel.");
    find(".relu").setAttribute("aria-label", "The map with 0 in place of negative sums");
    find(".pooled").setAttribute("aria-label", "The largest value of each 2 by 2 block: half as high and wide");

    const send = () => {
        const values = [...kernel.querySelectorAll("input")].map((input) => Number(input.value) || 0);
        setTriggerValue("kernel", values);
    };
    if (!kernel.children.length) kernel.append(...weights.map(makeWeight));
    [...kernel.querySelectorAll("input")].forEach((input, place) => {
        const weight = Math.round(weights[place] * 100) / 100;
        if (Number(input.value) !== weight || !input.value) input.value = weight;
        input.min = -limit;
        input.max = limit;
        input.onchange = send;
        const share = Math.min(1, Math.abs(weight) / (Math.max(...weights.map(Math.abs)) || 1));
        const [red, green, blue] = weight >= 0 ? BLUE : VERMILLION;
        input.parentElement.style.background = `rgba(${red}, ${green}, ${blue}, ${0.4 * share})`;
    });

    const fit = () => {
        const room = stages.clientWidth;
        if (!room) return;
        const inOneRow = Math.floor(((room - KERNEL_ROOM) / (side.image + 2 * side.map + side.pooled)) * 2) / 2;
        const wrapped = room < 480 ? 5 : 8;
        cell = inOneRow >= SMALLEST_CELL ? Math.min(LARGEST_CELL, inOneRow) : wrapped;
        draw();
    };
    state.observer?.disconnect();
    state.observer = new ResizeObserver(fit);
    state.observer.observe(stages);
    showButton();
    fit();
    return () => {
        state.observer.disconnect();
        stop();
    };
};
