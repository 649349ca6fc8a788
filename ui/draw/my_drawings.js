// Ten buttons, and the keys 0 to 9, that label the current drawing.

// A digit typed into one of these is not meant as a label.
const INPUTS = "input, textarea, select, [contenteditable], [role='dialog'], [role='listbox']";

export default ({ parentElement, data: json, setTriggerValue }) => {
    const { drawing, label, prompt } = JSON.parse(new TextDecoder().decode(json));
    const row = parentElement.querySelector(".row");
    const send = (digit) => {
        if (drawing) setTriggerValue("digit", { drawing, digit });
    };
    row.querySelector("span").textContent = prompt;
    row.title = drawing ? "" : "Draw a digit first";
    row.classList.toggle("nudge", prompt !== row.getAttribute("aria-label"));
    row.querySelectorAll("button").forEach((button, digit) => {
        button.disabled = !drawing;
        button.setAttribute("aria-pressed", digit === label);
        button.onclick = () => send(digit);
    });

    removeEventListener("keydown", row.shortcut); // the previous drawing's
    row.shortcut = (event) => {
        const isTyping = event.composedPath().some((node) => node.matches?.(INPUTS));
        const isPlain = !(event.ctrlKey || event.metaKey || event.altKey || event.repeat);
        if (isPlain && !isTyping && /^[0-9]$/.test(event.key)) send(Number(event.key));
    };
    addEventListener("keydown", row.shortcut);
    return () => removeEventListener("keydown", row.shortcut);
};
