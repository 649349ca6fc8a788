// Scrolls to the place where this component stands, unless it is in the upper half of the screen already.
const HEADER_HEIGHT = 64; // pixels of Streamlit's header, which covers the top of the page

export default ({ data: json, parentElement }) => {
    const { scroll } = JSON.parse(new TextDecoder().decode(json));
    const target = parentElement.getRootNode().host;
    if (!scroll || !target) return;
    const { top } = target.getBoundingClientRect();
    if (top >= HEADER_HEIGHT && top < window.innerHeight / 2) return;
    target.style.scrollMarginTop = `${HEADER_HEIGHT}px`;
    target.scrollIntoView({ behavior: "smooth" });
};
