// Sends a drawing as soon as the pen is lifted, and hides the canvas's own toolbar.

// Not pointerup: it fires before the stroke is on the canvas.
const PEN_UP_EVENTS = ["mouseup", "touchend", "touchcancel"];
const SEND_BUTTON = '[aria-label="Update the app with this drawing"]';
const CANVAS_STYLE = ".dc-toolbar { display: none !important } .dc-canvas { border-radius: 0.5rem }";

export default () => {
    let canvas = null; // the one that the pen is on
    const onPenDown = (event) => {
        canvas = event.composedPath().find((node) => node instanceof HTMLCanvasElement);
    };
    const onPenUp = () => {
        const button = canvas?.getRootNode().querySelector(SEND_BUTTON);
        canvas = null;
        if (button) setTimeout(() => button.click(), 0);
    };

    const style = new CSSStyleSheet();
    style.replaceSync(CANVAS_STYLE);
    // The canvas lives in a shadow root, which a style on the page does not reach.
    const addStyle = () => {
        for (const { shadowRoot } of document.querySelectorAll("[data-testid=stBidiComponentIsolated]")) {
            if (shadowRoot && !shadowRoot.adoptedStyleSheets.includes(style)) {
                shadowRoot.adoptedStyleSheets.push(style);
            }
        }
    };
    const observer = new MutationObserver(addStyle);
    addStyle();
    observer.observe(document.body, { childList: true, subtree: true });

    addEventListener("pointerdown", onPenDown, true);
    for (const name of PEN_UP_EVENTS) addEventListener(name, onPenUp, true);
    return () => {
        observer.disconnect();
        removeEventListener("pointerdown", onPenDown, true);
        for (const name of PEN_UP_EVENTS) removeEventListener(name, onPenUp, true);
    };
};
