// Sends a drawing as soon as the pen is lifted, lets the keyboard hold the pen, and styles the canvas.

const SEND_BUTTON = '[aria-label="Update the app with this drawing"]';
const PAPER = "canvas.upper-canvas";
const PAPER_LABEL =
    "Paper. Draw with a mouse, a pen or a finger, or by keyboard: arrow keys move the pen, Space lowers and lifts it.";
const STEP = 1 / 30; // of the paper's side, for one press of an arrow key
const DIRECTIONS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

let focused = ""; // the last reason for which the paper took the focus
let stop = () => {}; // of the last run: new data run the component again

export default ({ data: { css, focus } }) => {
    stop();
    const stopContacts = followContacts();
    let canvas = null; // the one that the pen is on
    const onPenDown = (event) => {
        canvas = event.composedPath().find((node) => node instanceof HTMLCanvasElement);
    };
    // Not at pointerup: it fires before the stroke is on the canvas.
    const onPenUp = () => {
        const button = canvas?.getRootNode().querySelector(SEND_BUTTON);
        canvas = null;
        if (button) setTimeout(() => button.click(), 0);
    };

    let pen = null; // on the focused paper: its place, 0 to 1, and whether it is down
    const held = new Set(); // arrow keys: two of them move the pen diagonally
    const send = (type) => {
        const { paper, mark, x, y, isDown } = pen;
        const box = paper.getBoundingClientRect();
        const [clientX, clientY] = [box.left + x * box.width, box.top + y * box.height];
        paper.dispatchEvent(new MouseEvent(type, { clientX, clientY, bubbles: true, composed: true }));
        mark.style.left = `${100 * x}%`;
        mark.style.top = `${100 * y}%`;
        mark.dataset.down = isDown;
    };
    const toggle = () => {
        pen.isDown = !pen.isDown;
        send(pen.isDown ? "mousedown" : "mouseup");
    };
    const move = () => {
        for (const key of held) {
            pen.x = Math.min(1, Math.max(0, pen.x + STEP * DIRECTIONS[key][0]));
            pen.y = Math.min(1, Math.max(0, pen.y + STEP * DIRECTIONS[key][1]));
        }
        send("mousemove");
    };
    const onKeyDown = (event) => {
        const [paper] = event.composedPath();
        const isKnown = event.key === " " || event.key in DIRECTIONS;
        if (!isKnown || !paper.matches?.(PAPER) || event.ctrlKey || event.metaKey || event.altKey) return;
        event.preventDefault(); // the page would scroll
        pen ??= { paper, mark: paper.parentElement.querySelector(".dc-pen"), x: 0.5, y: 0.5, isDown: false };
        if (event.key in DIRECTIONS) {
            held.add(event.key);
            move();
        } else if (!event.repeat) toggle();
    };
    const onKeyUp = (event) => held.delete(event.key);
    const onBlur = () => {
        if (pen?.isDown) toggle();
        pen = null;
        held.clear();
    };

    const style = new CSSStyleSheet();
    style.replaceSync(css);
    const observer = new MutationObserver(() => prepare());
    const prepare = () => {
        for (const { shadowRoot } of document.querySelectorAll("[data-testid=stBidiComponentIsolated]")) {
            if (!shadowRoot) continue;
            if (!shadowRoot.adoptedStyleSheets.includes(style)) {
                shadowRoot.adoptedStyleSheets.push(style);
                observer.observe(shadowRoot, { childList: true, subtree: true });
            }
            const paper = shadowRoot.querySelector(PAPER);
            if (!paper) continue;
            if (focus !== focused) {
                focused = focus;
                setTimeout(() => paper.focus({ preventScroll: true }), 0); // once it has a tabIndex
            }
            if (paper.tabIndex === 0) continue;
            paper.tabIndex = 0;
            paper.setAttribute("role", "application");
            paper.setAttribute("aria-label", PAPER_LABEL);
            const mark = document.createElement("span");
            mark.className = "dc-pen";
            paper.after(mark);
        }
    };
    prepare();
    observer.observe(document.body, { childList: true, subtree: true });

    const listeners = {
        mousedown: onPenDown,
        mouseup: onPenUp,
        keydown: onKeyDown,
        keyup: onKeyUp,
        focusout: onBlur,
    };
    for (const [name, listener] of Object.entries(listeners)) addEventListener(name, listener, true);
    const stopThis = () => {
        stopContacts();
        observer.disconnect();
        for (const [name, listener] of Object.entries(listeners)) removeEventListener(name, listener, true);
    };
    stop = stopThis;
    return stopThis;
};
