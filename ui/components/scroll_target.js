// Scrolls to the place where this component stands.
export default ({ data: json, parentElement }) => {
    const { scroll } = JSON.parse(new TextDecoder().decode(json));
    const target = parentElement.getRootNode().host;
    if (!scroll || !target) return;
    target.style.scrollMarginTop = "4rem"; // Streamlit's header covers the top of the page
    target.scrollIntoView({ behavior: "smooth" });
};
