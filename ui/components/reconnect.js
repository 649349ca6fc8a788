// Reruns the page after its connection to the server was lost and restored.
const observers = new WeakMap();

export default ({ parentElement, setTriggerValue }) => {
    const app = document.querySelector("[data-testid=stApp]");
    const isConnected = () => app?.dataset.testConnectionState === "CONNECTED";
    let wasConnected = isConnected();
    const onChange = () => {
        if (!wasConnected && isConnected()) setTriggerValue("restored", true);
        wasConnected = isConnected();
    };
    observers.get(parentElement)?.disconnect();
    const observer = new MutationObserver(onChange);
    observers.set(parentElement, observer);
    if (app) observer.observe(app, { attributeFilter: ["data-test-connection-state"] });
    return () => observer.disconnect();
};
