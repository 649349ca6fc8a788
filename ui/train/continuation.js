// Scrolls to the box that shows the parent network, and focuses its first button.
export default ({ data, parentElement }) => {
    const box = parentElement.getRootNode().host?.closest(".st-key-parent");
    if (!box || new TextDecoder().decode(data) !== "true") return;
    box.style.scrollMarginTop = "4rem"; // Streamlit's header covers the top of the page
    box.scrollIntoView({ behavior: "smooth" });
    box.querySelector("button")?.focus({ preventScroll: true });
};
