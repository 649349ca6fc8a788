// A map of many images, each drawn as its label; the selected one is shown beside the map.

const MARKER_COLOR = "#D55E00";
// A contrast of 3 : 1 or more in both themes. The labels are digits, so the colors need not tell them apart.
const CLASS_COLORS = [
    "#0072B2",
    "#D55E00",
    "#009E73",
    "#B5518A",
    "#7A6FD0",
    "#8C7000",
    "#7A828F",
    "#CF3A4C",
    "#1592A5",
    "#9A6A3F",
];
const MARGIN = 14; // pixels around the points
const MARKER_RADIUS = 11;
const DIMMED = 0.28; // opacity of the other classes
const DIRECTIONS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
const states = new WeakMap(); // for each map: the selected image and the highlighted class

export default ({ data: json, parentElement }) => {
    const { picture, points, labels, places, classes, height, width, columns, alt } = JSON.parse(
        new TextDecoder().decode(json),
    );
    const map = parentElement.querySelector(".map");
    const image = parentElement.querySelector(".image");
    const caption = parentElement.querySelector("p");
    const classButtons = parentElement.querySelector(".classes");
    const previous = states.get(map);
    const state =
        previous?.picture === picture ? previous : { picture, selected: 0, onlyClass: null, sprites: new Image() };
    previous?.observer?.disconnect();
    states.set(map, state);
    map.setAttribute("aria-label", alt);
    let mapWidth = 0;
    let mapHeight = 0;
    let positions = []; // of the points, in pixels of the map

    const showImage = () => {
        const label = classes[labels[state.selected]];
        const column = state.selected % columns;
        const row = Math.floor(state.selected / columns);
        image.width = width;
        image.height = height;
        image.style.aspectRatio = `${width} / ${height}`;
        image.setAttribute("aria-label", `Selected image: ${label}`);
        if (state.sprites.complete && state.sprites.naturalWidth) {
            const source = [column * width, row * height, width, height];
            image.getContext("2d").drawImage(state.sprites, ...source, 0, 0, width, height);
        }
        const place = places[state.selected].toLocaleString("en");
        caption.textContent = `${label}: training image ${place}`;
    };
    const drawLabels = (pen) => {
        const write = (index, font) => {
            pen.font = font;
            pen.fillText(labels[index], ...positions[index]);
        };
        pen.fillStyle = getComputedStyle(caption).color;
        pen.globalAlpha = state.onlyClass === null ? 1 : DIMMED;
        labels.forEach((label, index) => {
            if (state.onlyClass === null) pen.fillStyle = CLASS_COLORS[label];
            if (label !== state.onlyClass) write(index, "11px sans-serif");
        });
        pen.globalAlpha = 1;
        pen.fillStyle = CLASS_COLORS[state.onlyClass ?? 0];
        labels.forEach((label, index) => {
            if (label === state.onlyClass) write(index, "bold 13px sans-serif");
        });
    };
    const draw = () => {
        const pen = resize(map, mapWidth, mapHeight);
        drawLabels(pen);
        pen.beginPath();
        pen.arc(...positions[state.selected], MARKER_RADIUS, 0, 2 * Math.PI);
        pen.strokeStyle = MARKER_COLOR;
        pen.lineWidth = 3;
        pen.stroke();
        showImage();
    };
    const select = (index) => {
        if (index < 0 || index === state.selected) return;
        state.selected = index;
        draw();
    };

    const isActive = (index) => state.onlyClass === null || labels[index] === state.onlyClass;
    // Returns the active image nearest to a position, among those that `fits` accepts by their offset; -1 for none.
    const nearest = (x, y, fits = () => true) => {
        let best = -1;
        let shortest = Infinity;
        positions.forEach(([pointX, pointY], index) => {
            const dx = pointX - x;
            const dy = pointY - y;
            const distance = dx ** 2 + dy ** 2;
            if (distance < shortest && isActive(index) && fits(dx, dy, index)) {
                best = index;
                shortest = distance;
            }
        });
        return best;
    };
    const onPointer = (event) => {
        const frame = map.getBoundingClientRect();
        select(nearest(event.clientX - frame.left, event.clientY - frame.top));
    };
    map.onpointermove = onPointer;
    map.onpointerdown = onPointer;
    map.onkeydown = (event) => {
        const direction = DIRECTIONS[event.key];
        if (!direction || event.altKey || event.ctrlKey || event.metaKey) return;
        event.preventDefault();
        const [stepX, stepY] = direction;
        // Within 45 degrees of the arrow's direction.
        const isAhead = (dx, dy, index) => {
            const along = dx * stepX + dy * stepY;
            const across = Math.abs(dx * stepY + dy * stepX);
            return index !== state.selected && along > 0.01 && along >= across;
        };
        select(nearest(...positions[state.selected], isAhead));
    };

    const markPressed = () => {
        [...classButtons.children].forEach((button, index) => {
            button.setAttribute("aria-pressed", (index ? index - 1 : null) === state.onlyClass);
        });
    };
    // The first button is "All"; label n is button n + 1.
    const makeButton = (name, index) => {
        const label = index ? index - 1 : null;
        const button = document.createElement("button");
        button.type = "button";
        button.textContent = label === null || name === `${label}` ? name : `${label} ${name}`;
        button.title = label === null ? "Show all classes equally" : `Highlight ${name}`;
        if (label !== null) button.style.borderColor = CLASS_COLORS[label];
        button.onclick = () => {
            state.onlyClass = label;
            if (!isActive(state.selected)) state.selected = Math.max(0, labels.indexOf(label));
            markPressed();
            draw();
        };
        return button;
    };
    classButtons.replaceChildren(...["All", ...classes].map(makeButton));
    markPressed();

    const fit = () => {
        const room = map.parentElement.clientWidth;
        if (!room) return;
        // Where there is room, the selected image stands beside the map: 196 pixels and a gap of 16.
        mapWidth = Math.min(room, room > 640 ? Math.min(720, room - 212) : room);
        mapHeight = Math.round(Math.min(560, mapWidth * 0.85));
        positions = points.map(([x, y]) => [
            MARGIN + x * (mapWidth - 2 * MARGIN),
            MARGIN + (1 - y) * (mapHeight - 2 * MARGIN),
        ]);
        draw();
    };
    let lastRoom = 0;
    state.observer = new ResizeObserver(() => {
        const room = map.parentElement.clientWidth;
        if (room !== lastRoom) {
            lastRoom = room;
            fit();
        }
    });
    state.observer.observe(map.parentElement);
    state.sprites.onload = showImage;
    if (state.sprites.src !== picture) state.sprites.src = picture;
    fit();
    return () => state.observer.disconnect();
};
