// A run's ancestors and descendants as a tree, in which each member can be opened.

const make = (tag, className, text, ...children) => {
    const element = document.createElement(tag);
    element.className = className;
    if (text) element.textContent = text;
    element.append(...children);
    return element;
};

export default ({ data: json, parentElement, setTriggerValue }) => {
    const { members, here } = JSON.parse(new TextDecoder().decode(json));
    const tree = parentElement.querySelector(".tree");

    // The line at this depth continues if another member of the same depth follows before one that is higher up.
    const lineContinues = (index, depth) => {
        const next = members.slice(index + 1).find((member) => member.depth <= depth);
        return next?.depth === depth;
    };
    const makeLines = (depth, index) => {
        const lines = [];
        for (let level = 1; level <= depth; level += 1) {
            const isOwn = level === depth;
            const continues = lineContinues(index, level);
            if (isOwn || continues) {
                const line = make("i", `${isOwn ? "arm " : ""}${continues ? "" : "last"}`);
                line.style.left = `calc(${level - 1} * var(--step) + 0.5rem)`;
                lines.push(line);
            }
        }
        return lines;
    };
    const makeName = (member) => {
        const isLink = member.link && member.id !== here;
        const name = make(isLink ? "a" : "span", "name", member.name);
        if (isLink) {
            name.href = member.link;
            name.onclick = (event) => {
                if (!member.run || event.ctrlKey || event.metaKey || event.shiftKey) return;
                event.preventDefault();
                setTriggerValue("opened", member.id);
            };
        }
        return name;
    };
    const makeCard = (member) => {
        const card = make("div", "card", "", makeName(member));
        if (member.share) {
            const bar = make("span", "bar", "", make("b", ""));
            bar.firstChild.style.width = `${member.percent}%`;
            bar.setAttribute("aria-hidden", "true");
            card.append(make("span", "share", "", bar, member.share));
        }
        if (member.change) card.append(make("div", "change", member.change));
        return card;
    };
    const makeRow = (member, index) => {
        const isHere = member.id === here;
        const row = make("div", isHere ? "member here" : "member");
        row.setAttribute("role", "listitem");
        row.setAttribute("aria-level", member.depth + 1);
        if (isHere) row.setAttribute("aria-current", "true");
        row.style.setProperty("--depth", member.depth);
        row.append(...makeLines(member.depth, index), makeCard(member));
        return row;
    };
    tree.replaceChildren(...members.map(makeRow));
};
