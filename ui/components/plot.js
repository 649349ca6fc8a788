// Draws a figure into the empty chart that Streamlit has rendered, with the Plotly that Streamlit has loaded.

const LOADING_LIMIT = 60_000; // milliseconds for Streamlit to load Plotly on a slow connection
const RETRY_INTERVAL = 100; // milliseconds
const timers = new WeakMap();
const failed = new WeakSet();
let figureCount = 0;

// Streamlit calls this for every new figure, but calls what it returns only when the component is removed.
export default ({ data: json, parentElement, setStateValue }) => {
    const { frame, alt, data, layout } = JSON.parse(new TextDecoder().decode(json));
    const startTime = performance.now();
    figureCount += 1;
    const meta = figureCount; // marks the chart that already shows this figure
    const stop = () => clearInterval(timers.get(parentElement));
    const fail = () => {
        stop();
        failed.add(parentElement);
        setStateValue("failed", true);
    };
    const draw = () => {
        const chart = document.querySelector(`.${frame} .js-plotly-plot`);
        if (!chart?._fullLayout) {
            if (performance.now() - startTime > LOADING_LIMIT) fail();
            return;
        }
        if (!window.Plotly?.react) {
            fail();
            return;
        }
        if (chart.layout.meta === meta) return;
        // A curve that was hidden by a click in the legend stays hidden.
        const visibility = Object.fromEntries(chart.data.map((trace) => [trace.name, trace.visible]));
        const traces = data.map((trace) => ({ ...trace, visible: visibility[trace.name] ?? trace.visible }));
        const { template, width, height } = chart.layout; // Streamlit's theme and size
        window.Plotly.react(chart, traces, { ...layout, template, width, height, meta });
        const element = chart.closest("[data-testid=stPlotlyChart]");
        element?.setAttribute("role", "figure");
        element?.setAttribute("aria-label", alt);
    };
    stop();
    if (failed.has(parentElement)) return;
    timers.set(parentElement, setInterval(draw, RETRY_INTERVAL));
    draw();
    return stop;
};
