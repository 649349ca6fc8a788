// A sweep as a table of buttons, one for each run. The table is rebuilt only for another sweep; otherwise only what
// has changed is written, so that focus and screen readers stay where they are.
const sweeps = new WeakMap(); // the sweep that a table shows

const make = (tag, text = "", className = "") => {
    const element = document.createElement(tag);
    element.textContent = text;
    element.className = className;
    return element;
};

const setText = (element, text) => {
    if (element.textContent !== text) element.textContent = text;
};

const makeHeading = (name, scope) => {
    const heading = make("th", name);
    heading.scope = scope;
    return heading;
};

const SVG = "http://www.w3.org/2000/svg";

// Makes the place of a run's curve: validation accuracy by epoch, on the same scale in all squares.
const makeCurve = () => {
    const svg = document.createElementNS(SVG, "svg");
    svg.setAttribute("viewBox", "-2 -6 104 112");
    svg.setAttribute("preserveAspectRatio", "none");
    svg.setAttribute("aria-hidden", "true");
    svg.append(document.createElementNS(SVG, "polyline"));
    return svg;
};

const makeSquare = () => {
    const cell = make("td");
    const button = make("button");
    button.type = "button";
    button.append(make("b"), makeCurve(), make("small"));
    cell.append(button);
    return cell;
};

const buildTable = (table, { columns, rows, across, down }) => {
    table.style.maxWidth = `${6 + 8 * columns.length}rem`;
    const titleRow = make("tr");
    const title = make("th", across, "title");
    title.colSpan = columns.length;
    titleRow.append(make("th", "", "corner"), title);
    const headingRow = make("tr");
    headingRow.append(make("th", down, "corner"), ...columns.map((name) => makeHeading(name, "col")));
    table.tHead.replaceChildren(titleRow, headingRow);
    table.tBodies[0].replaceChildren(
        ...rows.map((name) => {
            const row = make("tr");
            row.append(makeHeading(name, "row"), ...columns.map(makeSquare));
            return row;
        }),
    );
};

export default ({ data: json, parentElement, setTriggerValue }) => {
    const data = JSON.parse(new TextDecoder().decode(json));
    const { columns, rows, across, down, cells, scale, alt } = data;
    const table = parentElement.querySelector("table");
    const legend = parentElement.querySelector(".scale");
    table.setAttribute("aria-label", alt);
    const sweep = JSON.stringify([columns, rows, across, down, cells.map((cell) => cell.run)]);
    if (sweeps.get(table) !== sweep) {
        sweeps.set(table, sweep);
        buildTable(table, data);
    }
    table.querySelectorAll("button").forEach((button, index) => {
        const { top, below, curve, paper, ink, best, label, off } = cells[index];
        const [number, svg, words] = button.children;
        button.onclick = () => setTriggerValue("opened", index); // each rerun of the page has a trigger of its own
        setText(number, top);
        setText(words, below);
        svg.firstChild.setAttribute("points", curve);
        svg.toggleAttribute("hidden", !curve);
        button.style.background = paper;
        button.style.color = ink;
        button.dataset.known = paper ? "yes" : "no";
        button.dataset.best = best ? "yes" : "no";
        button.disabled = off;
        button.title = label;
        button.ariaLabel = label;
    });
    legend.replaceChildren();
    if (scale.length) {
        const [colors, lowest, highest] = scale;
        const bar = make("i");
        bar.style.background = `linear-gradient(to right, ${colors.join(", ")})`;
        legend.append(make("span", lowest), bar, make("span", highest));
    }
};
