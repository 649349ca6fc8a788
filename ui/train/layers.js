// Moves the keyboard focus to the first of the named buttons that is visible and enabled.
const findButton = (name) =>
    [...document.querySelectorAll(`.st-key-${name} button`)].find((button) => button.offsetParent && !button.disabled);

export default ({ data: json }) => {
    const { names } = JSON.parse(new TextDecoder().decode(json));
    requestAnimationFrame(() => names.map(findButton).find(Boolean)?.focus());
};
