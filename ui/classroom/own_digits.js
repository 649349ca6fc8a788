// Ten buttons with a member's drawings.

export default ({ parentElement, data: json, setTriggerValue }) => {
    const { digits, current } = JSON.parse(new TextDecoder().decode(json));
    const row = parentElement.querySelector(".digits");
    while (row.children.length < digits.length) row.append(document.createElement("button"));
    row.toggleAttribute("data-done", current === null);
    digits.forEach(({ digit, picture, label }, place) => {
        const button = row.children[place];
        button.type = "button";
        button.title = label;
        button.setAttribute("aria-label", label);
        button.toggleAttribute("data-drawn", picture !== "");
        if (digit === current) button.setAttribute("aria-current", "step");
        else button.removeAttribute("aria-current");
        button.textContent = picture ? "" : digit;
        button.style.backgroundImage = picture ? `url(${picture})` : "";
        button.onclick = () => setTriggerValue("digit", digit);
    });
};
