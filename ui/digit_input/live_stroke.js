// Sends the points of a stroke while the pen draws it, at most one message at a time.

const PAPER = "canvas.upper-canvas";
const LOST = 3000; // ms after which no answer is awaited any more
const MOST_POINTS = 400; // of a longer stroke every second one is left out

const states = new WeakMap(); // what is known of the component in a place of the page
let sent = 0; // number of messages

function watch(parentElement) {
    const state = { interval: 100, answered: 0, trigger: null, stop: null };
    let took = 0; // milliseconds from the last message to its answer on the page
    let stroke = null; // of the pen that is down: its paper, and points from 0 to 1
    let last = 0; // time of the last one, or of the stroke's begin
    let frame = null; // requested

    const busy = () => state.answered < sent && performance.now() - last < LOST;
    // Not by setTimeout: Streamlit sends what a timer sets 4 ms later, together with the finished stroke if the pen is
    // lifted meanwhile, and then reruns one of the two fragments only.
    const sendSoon = () => {
        frame ??= requestAnimationFrame(send);
    };
    const send = () => {
        frame = null;
        if (!stroke?.changed || busy()) return;
        if (performance.now() < last + Math.max(state.interval, 2 * took)) {
            sendSoon(); // the pen gets half of the time
            return;
        }
        stroke.changed = false;
        last = performance.now();
        state.trigger("stroke", { number: ++sent, points: stroke.points });
    };
    state.update = ({ data, setTriggerValue }) => {
        if (data.answered === sent && state.answered !== sent) took = performance.now() - last;
        state.interval = data.interval;
        state.answered = data.answered;
        state.trigger = setTriggerValue;
        sendSoon();
    };

    const add = ({ clientX, clientY }) => {
        const box = stroke.paper.getBoundingClientRect();
        stroke.points.push([(clientX - box.left) / box.width, (clientY - box.top) / box.height]);
        if (stroke.points.length > MOST_POINTS) {
            stroke.points = stroke.points.filter((_, place) => place % 2 === 0);
        }
        stroke.changed = true;
        sendSoon();
    };
    const begin = (event) => {
        const [paper] = event.composedPath();
        if (!paper.matches?.(PAPER)) return;
        stroke = { paper, points: [], changed: false };
        last = performance.now(); // a single point says nothing
        add(event);
    };
    const end = () => {
        stroke = null;
        cancelAnimationFrame(frame);
        frame = null;
    };
    // the events that draw on the canvas, too: the keyboard's pen, other pens and fingers send a mouse's
    const listeners = {
        mousedown: begin,
        mousemove: (event) => stroke && add(event),
        mouseup: end,
    };
    for (const [name, listener] of Object.entries(listeners)) {
        addEventListener(name, listener, { capture: true, passive: true });
    }
    state.stop = () => {
        end();
        states.delete(parentElement);
        for (const [name, listener] of Object.entries(listeners)) removeEventListener(name, listener, true);
    };
    return state;
}

export default (component) => {
    const { parentElement } = component;
    if (!states.has(parentElement)) states.set(parentElement, watch(parentElement));
    const state = states.get(parentElement);
    state.update(component);
    return state.stop;
};
