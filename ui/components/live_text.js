// Changes the text of the live region only where it differs: a screen reader announces every change.
export default ({ parentElement, data }) => {
    const sentence = parentElement.querySelector("p");
    if (sentence.textContent !== data) sentence.textContent = data;
};
