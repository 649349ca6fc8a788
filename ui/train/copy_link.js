// A button that copies a link to the clipboard.

const copyWithClipboard = async (text) => {
    try {
        await navigator.clipboard.writeText(text);
        return true;
    } catch {
        return false; // browsers offer no clipboard without https, as on a school's local network
    }
};

const copyWithSelection = (text) => {
    const field = document.createElement("textarea");
    field.value = text;
    field.style.position = "fixed"; // keeps the page from scrolling to it
    document.body.append(field);
    field.select();
    const copied = document.execCommand("copy");
    field.remove();
    return copied;
};

export default ({ parentElement, data: json }) => {
    const { query, help } = JSON.parse(new TextDecoder().decode(json));
    const button = parentElement.querySelector("button");
    const label = button.querySelector("span");
    const copy = async (text) => {
        if (await copyWithClipboard(text)) return true;
        const copied = copyWithSelection(text);
        button.focus();
        return copied;
    };
    button.disabled = !query;
    button.title = help;
    label.textContent = "Copy link";
    button.onclick = async () => {
        const copied = await copy(`${location.origin}${location.pathname}?${query}`);
        label.textContent = copied ? "Copied" : "Not copied: use the address bar";
        setTimeout(() => {
            label.textContent = "Copy link";
        }, 2500);
    };
};
