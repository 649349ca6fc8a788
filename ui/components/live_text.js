// Changes the text of the live region only where it differs: a screen reader announces every change.
// While it is busy, changes are not announced.
export default ({ parentElement, data }) => {
    const text = parentElement.querySelector("p");
    text.setAttribute("aria-busy", data.busy);
    if (text.textContent !== data.sentence) text.textContent = data.sentence;
};
