// Lets one contact at a time draw: a pen, or a finger, but no palm.
// Stands before the script of the canvas, so it is no module of its own.
//
// By touch, the canvas itself draws until the last contact is lifted, so nothing can be drawn beside a resting palm, and
// it never ends the stroke of a canceled touch. So no touch reaches it, but a mouse's events for the contact that draws.
const findPaper = (event) => event.composedPath().find((node) => node.matches?.("canvas.upper-canvas"));
const ignoreTouch = (event) => {
    if (!findPaper(event)) return;
    event.preventDefault(); // the page would scroll, and a mouse's events would follow
    event.stopImmediatePropagation();
};

// oxlint-disable-next-line no-unused-vars
const followContacts = () => {
    const REST = 6; // pixels: a contact that moves less rests, and leaves nothing
    const PALM = 100; // pixels, about 2 cm: no finger is as wide
    const PEN_NEAR = 1000; // ms after a pen's last event in which fingers do nothing

    const resting = new Map(); // contacts that may still draw, by their id: their events so far
    let drawing = null; // the contact that draws: its id, paper and last event
    let penSeen = -Infinity; // time of a pen's last event

    const send = (type, event) => {
        drawing.last = event;
        const { clientX, clientY } = event;
        drawing.paper.dispatchEvent(new MouseEvent(type, { clientX, clientY, bubbles: true, composed: true }));
    };
    const begin = (event, paper) => {
        resting.clear(); // what rests while another contact draws is a palm
        if (drawing) paper.getContext("2d").clearRect(0, 0, paper.width, paper.height); // what a palm has begun
        drawing = { id: event.pointerId, paper };
        send("mousedown", event); // the canvas forgets a stroke that was begun before
    };
    const end = () => {
        if (drawing) send("mouseup", drawing.last); // a canceled contact has no place
        drawing = null;
    };
    const counts = ({ width, height, timeStamp }) =>
        !drawing && Math.max(width, height) < PALM && timeStamp > penSeen + PEN_NEAR;

    const onDown = (event) => {
        const paper = findPaper(event);
        if (!paper || event.pointerType === "mouse") return;
        event.preventDefault(); // a mouse's events of a pen would follow
        // before the paper's own listeners; the same one again changes nothing
        paper.getRootNode().addEventListener("touchstart", ignoreTouch, { capture: true, passive: false });
        if (event.pointerType === "pen") {
            if (event.button === 0) begin(event, paper);
        } else if (counts(event)) resting.set(event.pointerId, [event]);
    };
    const onMove = (event) => {
        if (event.pointerId === drawing?.id) {
            send("mousemove", event);
            return;
        }
        const events = resting.get(event.pointerId);
        if (!events) return;
        if (!counts(event)) {
            resting.delete(event.pointerId);
            return;
        }
        events.push(event);
        const [first] = events;
        if (Math.hypot(event.clientX - first.clientX, event.clientY - first.clientY) < REST) return;
        begin(first, findPaper(event));
        for (const next of events.slice(1)) send("mousemove", next);
    };
    const onUp = ({ pointerId }) => {
        resting.delete(pointerId);
        if (pointerId === drawing?.id) end();
    };
    const listeners = { pointerdown: onDown, pointermove: onMove, pointerup: onUp, pointercancel: onUp };
    const listen = (event) => {
        listeners[event.type](event);
        if (event.pointerType === "pen") penSeen = event.timeStamp;
    };
    for (const name of Object.keys(listeners)) addEventListener(name, listen, true);
    return () => {
        end();
        for (const name of Object.keys(listeners)) removeEventListener(name, listen, true);
    };
};
