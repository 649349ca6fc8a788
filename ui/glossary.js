// Opens links to glossary terms in this tab: Streamlit opens them in a new one, where the session starts afresh.
const handlers = new WeakMap();

export default ({ parentElement, setTriggerValue }) => {
    const openTerm = (event) => {
        const link = event.target.closest?.('a[href*="learn?term="]');
        if (!link || event.button || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
        event.preventDefault();
        setTriggerValue("term", new URL(link.href).searchParams.get("term"));
        document.querySelector("[data-testid=stMain]")?.scrollTo({ top: 0 });
    };
    const stop = () => document.removeEventListener("click", handlers.get(parentElement), true);
    stop();
    handlers.set(parentElement, openTerm);
    document.addEventListener("click", openTerm, true);
    return stop;
};
