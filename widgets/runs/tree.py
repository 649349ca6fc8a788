"""A run's family as a picture: a tree with its root on top, in which each member can be opened."""

from __future__ import annotations

import json

import streamlit as st

from trainer.family import Member, family
from trainer.ledger import Row
from trainer.parent import SHIPPED
from trainer.text import percent

_tree = st.components.v2.component(
    "digit_lab_family",
    html='<div class="tree" role="list" aria-label="Family"></div>',
    css="""
        .tree { font-family: var(--st-font); font-size: 0.875rem; color: var(--st-text-color); line-height: 1.4;
            --step: 1.4rem }
        .member { position: relative; padding: 0.2rem 0 0.2rem calc(var(--depth) * var(--step)) }
        .member > i { position: absolute; top: 0; bottom: 0; width: 0; border-left: 2px solid var(--st-border-color) }
        .member > i.last { bottom: auto; height: 1.35rem }
        .member > i.arm::after { content: ""; position: absolute; top: 1.25rem; width: calc(var(--step) - 0.5rem);
            border-top: 2px solid var(--st-border-color) }
        .card { display: inline-block; box-sizing: border-box; max-width: 100%; padding: 0.3rem 0.7rem;
            border: 1px solid var(--st-border-color); border-radius: 0.5rem }
        .here .card { border: 2px solid var(--st-primary-color) }
        a { color: var(--st-link-color, var(--st-primary-color)); display: inline-block; min-height: 1.5rem }
        a:focus-visible { outline: 2px solid var(--st-primary-color); outline-offset: 2px }
        .name { font-weight: 600; overflow-wrap: anywhere }
        .share { margin-left: 0.6rem; white-space: nowrap }
        .bar { display: inline-block; width: 4rem; height: 0.45rem; margin-right: 0.35rem; border-radius: 0.25rem;
            background: #8A8F9855; overflow: hidden }
        .bar > b { display: block; height: 100%; background: #0072B2 }
        .change { font-size: 0.8rem; opacity: 0.75 }
        @media (max-width: 640px) { .tree { --step: 1rem } }
    """,
    js="""
    const make = (name, className, text, ...children) => {
        const element = document.createElement(name);
        element.className = className;
        if (text) element.textContent = text;
        element.append(...children);
        return element;
    };
    export default ({ data: json, parentElement, setTriggerValue }) => {
        const { members, here } = JSON.parse(new TextDecoder().decode(json));
        const tree = parentElement.querySelector(".tree");
        // Whether the line of a member's parent goes on below it: to another of the same depth before a higher one.
        const goesOn = (place, depth) => {
            for (const member of members.slice(place + 1)) {
                if (member.depth < depth) return false;
                if (member.depth === depth) return true;
            }
            return false;
        };
        tree.replaceChildren(...members.map((member, place) => {
            const row = make("div", `member${member.id === here ? " here" : ""}`);
            row.setAttribute("role", "listitem");
            row.setAttribute("aria-level", member.depth + 1);
            row.style.setProperty("--depth", member.depth);
            for (let depth = 1; depth <= member.depth; depth += 1) {
                const own = depth === member.depth, on = goesOn(place, depth);
                if (!own && !on) continue;
                const line = make("i", `${own ? "arm " : ""}${on ? "" : "last"}`);
                line.style.left = `calc(${depth - 1} * var(--step) + 0.5rem)`;
                row.append(line);
            }
            const opens = member.link && member.id !== here;
            const name = make(opens ? "a" : "span", "name", member.name);
            if (opens) {
                name.href = member.link;
                name.onclick = (event) => {
                    if (!member.run || event.ctrlKey || event.metaKey || event.shiftKey) return;
                    event.preventDefault();
                    setTriggerValue("opened", member.id);
                };
            }
            const card = make("div", "card", "", name);
            if (member.id === here) row.setAttribute("aria-current", "true");
            if (member.share) {
                const bar = make("span", "bar", "", make("b", ""));
                bar.firstChild.style.width = `${member.percent}%`;
                bar.setAttribute("aria-hidden", "true");
                card.append(make("span", "share", "", bar, member.share));
            }
            if (member.change) card.append(make("div", "change", member.change));
            row.append(card);
            return row;
        }));
    };
    """,
)


def show(rows: list[Row], run_id: str) -> str | None:
    """Show a run's family, where it has one; return the id of the member that is pressed."""
    members = family(rows, run_id)
    if not members:
        return None
    st.markdown("**Family**", help="Which network it went on from, and what went on from it; press one to open it.")
    data = {"members": [_plain(member) for member in members], "here": run_id}
    return _tree(data=json.dumps(data).encode(), on_opened_change=lambda: None, key="runs.family").opened


def _plain(member: Member) -> dict:
    link = f"?run={member.id}" if member.id != SHIPPED else "/"
    return {
        "id": member.id,
        "name": member.name,
        "depth": member.depth,
        "change": member.change,
        "share": percent(member.accuracy),
        "percent": round(100 * (member.accuracy or 0.0), 1),
        "link": link if member.there else "",
        "run": member.id != SHIPPED,
    }
