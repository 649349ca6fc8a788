// Sets the size of a canvas in CSS pixels, sharp on any screen, and returns its context, which centers text.
// Stands before the script of each component that draws, so it is no module of its own.
// oxlint-disable-next-line no-unused-vars
const resize = (canvas, width, height) => {
    const scale = devicePixelRatio || 1;
    canvas.style.width = `${width}px`;
    canvas.style.height = `${height}px`;
    canvas.width = Math.round(width * scale);
    canvas.height = Math.round(height * scale);
    const pen = canvas.getContext("2d");
    pen.scale(scale, scale);
    pen.textAlign = "center";
    pen.textBaseline = "middle";
    return pen;
};
