// Enter saves the drawing while the paper, or nothing, has the focus; a focused button or field keeps its own Enter.

const PAPER = "canvas.upper-canvas";
const SAVE = ".st-key-class-save button";

const onKeyDown = (event) => {
    const [target] = event.composedPath();
    const isFree = target === document.body || target.matches?.(PAPER);
    if (event.key !== "Enter" || event.repeat || !isFree) return;
    event.preventDefault();
    document.querySelector(SAVE)?.click();
};

export default () => {
    addEventListener("keydown", onKeyDown);
    return () => removeEventListener("keydown", onKeyDown);
};
