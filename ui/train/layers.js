// Moves the keyboard focus to the first of the named buttons that is visible and enabled.
const TRIES = 10; // a tenth of a second apart: a row that is drawn again loses the focus

const findButton = (name) =>
    [...document.querySelectorAll(`.st-key-${name} button`)].find((button) => button.offsetParent && !button.disabled);

export default ({ data: json }) => {
    const { names } = JSON.parse(new TextDecoder().decode(json));
    const restore = (tries) => {
        if (tries === TRIES || document.activeElement === document.body) names.map(findButton).find(Boolean)?.focus();
        if (tries && names.length) setTimeout(restore, 100, tries - 1);
    };
    requestAnimationFrame(() => restore(TRIES));
};
