// Lets one tap select a square of the confusion matrix. Plotly takes a finger's first tap as hovering and only the
// second as a click, so this hovers for it.
const handlers = new WeakMap();

export default ({ parentElement }) => {
    // Each instance adds, and removes, a listener of its own: another one may already be on the page.
    // oxlint-disable-next-line unicorn/consistent-function-scoping
    const hover = ({ target, pointerType, clientX, clientY }) => {
        if (pointerType !== "touch") return;
        const chart = target.closest?.("[class*=st-key-matrix-] .nsewdrag");
        chart?.dispatchEvent(new MouseEvent("mousemove", { bubbles: true, clientX, clientY, view: window }));
    };
    const stop = () => document.removeEventListener("pointerdown", handlers.get(parentElement), true);
    stop();
    handlers.set(parentElement, hover);
    document.addEventListener("pointerdown", hover, true);
    return stop;
};
