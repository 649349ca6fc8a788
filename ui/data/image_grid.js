// A grid of up to a hundred image buttons, each of which shows its part of one large picture.

const COLUMNS = 10;
const STEPS = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -COLUMNS, ArrowDown: COLUMNS };
// CSS places a background by a share of the room that is left, from 0 to 100 %.
const offset = (position, count) => (count > 1 ? `${(100 * position) / (count - 1)}%` : "0");
const pictures = new WeakMap(); // the picture that a grid shows

export default ({ data: json, parentElement, setTriggerValue }) => {
    const { picture, names, places, chosen, ratio, alt } = JSON.parse(new TextDecoder().decode(json));
    const grid = parentElement.querySelector(".sheet");
    grid.setAttribute("aria-label", alt);

    const makeButton = (index) => {
        const rows = Math.ceil(places.length / COLUMNS);
        const columns = Math.min(COLUMNS, places.length);
        const x = offset(index % COLUMNS, columns);
        const y = offset(Math.floor(index / COLUMNS), rows);
        const button = document.createElement("button");
        button.type = "button";
        button.ariaLabel = names[index];
        button.title = names[index];
        button.style.aspectRatio = ratio;
        button.style.backgroundImage = `url(${picture})`;
        button.style.backgroundSize = `${100 * columns}% ${100 * rows}%`;
        button.style.backgroundPosition = `${x} ${y}`;
        return button;
    };
    // The Tab key stops at one button only; the arrow keys move between them.
    const markPressed = (pressed) => {
        [...grid.children].forEach((button, index) => {
            button.setAttribute("aria-pressed", index === pressed);
            button.tabIndex = index === Math.max(0, pressed) ? 0 : -1;
        });
    };
    const indexOf = (event) => [...grid.children].indexOf(event.target.closest("button"));

    if (pictures.get(grid) !== picture) {
        pictures.set(grid, picture);
        grid.replaceChildren(...places.map((_, index) => makeButton(index)));
    }
    markPressed(places.indexOf(chosen));
    grid.onclick = (event) => {
        const index = indexOf(event);
        if (index < 0) return;
        markPressed(index);
        setTriggerValue("chosen", places[index]);
    };
    grid.onkeydown = (event) => {
        const step = STEPS[event.key];
        const next = step && grid.children[indexOf(event) + step];
        if (!next) return;
        event.preventDefault();
        for (const button of grid.children) button.tabIndex = -1;
        next.tabIndex = 0;
        next.focus();
    };
};
