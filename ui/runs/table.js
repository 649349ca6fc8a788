// A page of runs as a table: headers sort, checkboxes select runs to compare, names open a run or unfold a sweep.

const SVG = "http://www.w3.org/2000/svg";
const SPARK_WIDTH = 56; // pixels
const SPARK_HEIGHT = 18;
const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
const states = new WeakMap(); // for each table: the selected runs and the version of the selection

const make = (tag, className, text, ...children) => {
    const element = document.createElement(tag);
    if (className) element.className = className;
    if (text) element.textContent = text;
    element.append(...children);
    return element;
};
const makeWithRole = (tag, role, className, ...children) => {
    const element = make(tag, className, "", ...children);
    element.setAttribute("role", role);
    return element;
};

const twoDigits = (number) => `${number}`.padStart(2, "0");
// Writes a time in seconds as "3 Mar 14:05", or "3 Mar 2024" of another year.
const dateText = (seconds) => {
    const date = new Date(1000 * seconds);
    const isThisYear = date.getFullYear() === new Date().getFullYear();
    const time = `${twoDigits(date.getHours())}:${twoDigits(date.getMinutes())}`;
    return `${date.getDate()} ${MONTHS[date.getMonth()]} ${isThisYear ? time : date.getFullYear()}`;
};

// Draws values as a small curve with a dot at its end.
const makeSparkline = (values, [low, high]) => {
    const x = (index) => (values.length > 1 ? ((SPARK_WIDTH - 3) * index) / (values.length - 1) : SPARK_WIDTH - 3);
    const y = (value) => (SPARK_HEIGHT - 2) * (1 - (value - low) / (high - low || 1)) + 1;
    const svg = document.createElementNS(SVG, "svg");
    svg.setAttribute("width", SPARK_WIDTH);
    svg.setAttribute("height", SPARK_HEIGHT);
    svg.setAttribute("aria-hidden", "true");
    const curve = document.createElementNS(SVG, "polyline");
    curve.setAttribute("points", values.map((value, index) => `${x(index)},${y(value)}`).join(" "));
    const end = document.createElementNS(SVG, "circle");
    end.setAttribute("cx", x(values.length - 1));
    end.setAttribute("cy", y(values.at(-1)));
    end.setAttribute("r", 2);
    svg.append(curve, end);
    return svg;
};

const makeState = (run) => {
    const state = make("div", run.bad ? "sub bad" : "sub");
    const icon = make("span", "", `${run.mark} `);
    icon.setAttribute("aria-hidden", "true");
    const words = [run.phase, run.pinned && "pinned", run.mine && "yours"].filter(Boolean);
    state.append(icon, words.join(" · "));
    return state;
};
// Names a sweep, with a button that shows its runs below, and a link to its page.
const makeSweepCell = (sweep, button, link) => {
    const words = make("div", "sub", sweep.words.join(" · "));
    if (sweep.has_page) words.append(" · ", link);
    return makeCell("name", button, words);
};
const makeCell = (className, ...children) => makeWithRole("td", "cell", className, ...children);
const makeNameCell = (run, link) => {
    const cell = makeCell("name", link, makeState(run));
    if (run.note) {
        const note = make("div", "note", run.note);
        note.title = run.note;
        cell.append(note);
    }
    return cell;
};
const makeNetworkCell = (run) => {
    const layers = make("div", "", run.network || "–");
    layers.title = run.network;
    return makeCell("network", layers, make("div", "sub", run.parameters));
};
const makeValidationCell = (run, range) => {
    const cell = makeCell(run.val ? "val" : "val none");
    if (run.spark.length) {
        cell.append(makeSparkline(run.spark, range));
        cell.title = "By epoch, on the same scale in all rows";
    }
    cell.append(run.val || "–");
    if (run.val) cell.append(make("span", "short", " validation"));
    return cell;
};
const makeTestCell = (run) => {
    const cell = makeCell("test", run.test || "–");
    if (run.sweep && run.test) cell.append(make("div", "sub", "best"));
    else if (run.test) cell.append(make("div", "short sub", "test"));
    return cell;
};
const makeTwoLines = (className, first, second) =>
    makeCell(className, make("div", "", first || "–"), make("div", "sub", second));

export default ({ data: json, parentElement, setTriggerValue }) => {
    const { columns, rows, label, by, falling, most, version, chosen, range } = JSON.parse(
        new TextDecoder().decode(json),
    );
    const table = parentElement.querySelector("table");
    table.setAttribute("aria-label", label);
    // Clicks can be faster than the server: an older answer must not undo a newer selection.
    const previous = states.get(table);
    const state = previous && previous.version > version ? previous : { version, chosen };
    states.set(table, state);
    const focusKey = table.getRootNode().activeElement?.dataset?.held; // focused again once the table is rebuilt

    const makeSortButton = ([name, word, help]) => {
        const isSorted = name === by;
        const arrow = falling ? "↓" : "↑";
        const button = make("button", "", isSorted ? `${word} ${arrow}` : word);
        button.type = "button";
        button.title = `${help}. ${isSorted ? "Click to reverse the order." : "Click to sort."}`;
        button.dataset.held = `sort ${name}`;
        if (isSorted) button.dataset.on = "";
        button.onclick = () => setTriggerValue("sorted", name);
        return button;
    };
    const makeHeader = ([className, sorts]) => {
        const cell = makeWithRole("th", "columnheader", className, ...sorts.map(makeSortButton));
        if (sorts.some(([name]) => name === by)) cell.setAttribute("aria-sort", falling ? "descending" : "ascending");
        return cell;
    };
    const boxHeader = makeWithRole("th", "columnheader", "pick");
    boxHeader.setAttribute("aria-label", "Compare");
    table.tHead.replaceChildren(makeWithRole("tr", "row", "", boxHeader, ...columns.map(makeHeader)));

    const boxes = [];
    const updateBoxes = () => {
        for (const { box, id, row } of boxes) {
            box.checked = state.chosen.includes(id);
            box.disabled = !box.checked && state.chosen.length >= most;
            box.title = box.disabled ? `At most ${most} runs can be compared` : "Select to compare";
            row.classList.toggle("chosen", box.checked);
        }
    };
    const makeBox = (run) => {
        const box = make("input");
        box.type = "checkbox";
        box.setAttribute("aria-label", `Compare ${run.name}`);
        box.dataset.held = `box ${run.id}`;
        box.onchange = () => {
            state.chosen = state.chosen.filter((id) => id !== run.id);
            if (box.checked) state.chosen.push(run.id);
            state.version += 1;
            updateBoxes();
            setTriggerValue("chosen", { ids: state.chosen, version: state.version });
        };
        return box;
    };
    const makeLink = (run) => {
        const link = make("a", "", run.name);
        link.href = `?run=${run.id}`;
        link.dataset.held = `link ${run.id}`;
        link.onclick = (event) => {
            if (event.ctrlKey || event.metaKey || event.shiftKey) return;
            event.preventDefault();
            setTriggerValue("opened", run.id);
        };
        return link;
    };
    const makeSweepButton = (sweep) => {
        const isOpen = sweep.sweep === "open";
        const arrow = make("span", "arrow", "›");
        arrow.setAttribute("aria-hidden", "true");
        const button = make("button", "unfold", "", arrow, sweep.name);
        button.type = "button";
        button.ariaExpanded = `${isOpen}`;
        button.title = isOpen ? "Hide the runs of this sweep" : "Show the runs of this sweep";
        button.dataset.held = `sweep ${sweep.id}`;
        button.onclick = () => setTriggerValue("unfolded", sweep.id);
        return button;
    };
    const makeSweepLink = (sweep) => {
        const link = make("a", "", "heatmap");
        link.href = `sweep?sweep=${sweep.id}`;
        link.title = "Open the sweep";
        link.dataset.held = `heatmap ${sweep.id}`;
        link.onclick = (event) => {
            if (event.ctrlKey || event.metaKey || event.shiftKey) return;
            event.preventDefault();
            setTriggerValue("swept", sweep.id);
        };
        return link;
    };
    const makeRow = (run) => {
        const box = run.sweep ? null : makeBox(run);
        const row = makeWithRole(
            "tr",
            "row",
            run.member ? "member" : "",
            makeCell("pick", ...(box ? [make("label", "", "", box)] : [])),
            box ? makeNameCell(run, makeLink(run)) : makeSweepCell(run, makeSweepButton(run), makeSweepLink(run)),
            makeNetworkCell(run),
            makeTwoLines("optimizer", run.optimizer, run.rate),
            makeCell("epochs", run.epochs),
            makeValidationCell(run, range),
            makeTestCell(run),
            makeTwoLines("seconds", run.seconds, run.device),
            makeTwoLines("data", run.data, dateText(run.created)),
        );
        if (box) boxes.push({ box, id: run.id, row });
        return row;
    };
    table.tBodies[0].replaceChildren(...rows.map(makeRow));
    updateBoxes();
    if (focusKey) [...table.querySelectorAll("[data-held]")].find((one) => one.dataset.held === focusKey)?.focus();
};
