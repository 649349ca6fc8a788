"""Nothing that a user wrote comes onto a page as HTML: read from the pages' own text, followed to where it is made."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from tests.serving import ROOT

FILES = [
    ROOT / "app.py",
    *sorted(path for folder in ("pages", "widgets", "ui") for path in (ROOT / folder).rglob("*.py")),
]

# What a number's format writes has no letters of anybody's in it; a text would raise ValueError.
NUMERIC = re.compile(r"[-+, ]?[\d,]*(\.\d+)?[defg%]|[+,]|,\.\d+f|[+-]?\d*\.?\d*[defg]")
TYPES = re.compile(r"(int|float|bool|np\.ndarray|Array|Colour|(list|tuple|Sequence)\[(int|float).*\])( \| None)?")
NUMBERS = {
    "len",
    "int",
    "float",
    "round",
    "abs",
    "sum",
    "bool",
    "ord",
    "isqrt",
    "count",
    "argmax",
    "randbelow",
    "index",
}
ESCAPING = {"escape": "of html, from the standard library", "b64encode": "its letters are A-Z, a-z, 0-9, +, / and ="}
PROPERTIES = dict.fromkeys(("swatch", "heading", "sign"), "widgets/compare/chosen.py")
SAFE = {  # what is not followed any further, and why no visitor's words can be in it
    r"row\.name|type\(row\.layer\).__name__|row\.layer\.activation": "a layer's name is made of its kind and its place",
    r"[\w.]*\bkind\.classes|[\w.]*\bnamed\(.*\)|tuple\('0123456789'\)": "classes are the catalogue's, or digits",
    r"answer\.short|other\.title|other\.said": "what a network says of a digit is made of classes and numbers",
    r"found\.added|found\.removed|one\.values|text\(value\)": "numbers, and the settings of a checked TrainingConfig",
    r"self\.colour\.line": "a colour of trainer.colours",
    r"mantissa|red|green|blue|guess|read": "numbers, or a part of a formatted one",
    r"term\.related": "the glossary's own words",
    r"sweep\.plan\.title": "the titles of the settings that a sweep can vary",
    r"name\(channel\)": "Red, Green and Blue, or a number and a layer's name",
}


@dataclass
class Place:
    """Where an expression stands: its module, the function around it, and what the function was called with."""

    module: Path
    function: ast.AST | None = None
    given: dict[str, tuple[ast.expr, Place]] = field(default_factory=dict)
    depth: int = 0
    busy: frozenset[tuple[int, str]] = frozenset()


@cache
def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text())


@cache
def defined(path: Path) -> dict[str, ast.FunctionDef]:
    """Return the functions of a module by their names."""
    return {node.name: node for node in tree(path).body if isinstance(node, ast.FunctionDef)}


def method(path: Path, name: str) -> ast.FunctionDef:
    return next(node for node in ast.walk(tree(path)) if isinstance(node, ast.FunctionDef) and node.name == name)


@cache
def constants(path: Path) -> dict[str, ast.expr]:
    """Return what the names of a module are given at its top level."""
    body = tree(path).body
    given = {
        one.id for node in body if isinstance(node, ast.Assign) for one in ast.walk(node) if isinstance(one, ast.Name)
    }
    found = {name: list(given_in(ast.Module(body, []), name, deep=False)) for name in given}
    return {name: values[0] for name, values in found.items() if len(values) == 1 and values[0] is not None}


def module_file(name: str) -> Path | None:
    base = ROOT.joinpath(*name.split("."))
    return next((path for path in (base.with_suffix(".py"), base / "__init__.py") if path.is_file()), None)


@cache
def imported(path: Path) -> dict[str, tuple[Path, str]]:
    """Return what a module imports from the project: the file, and the name in it, or "" for all of it."""
    found = {}
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.ImportFrom) and node.module:
            for name in node.names:
                known = name.asname or name.name
                if whole := module_file(f"{node.module}.{name.name}"):
                    found[known] = whole, ""
                elif part := module_file(node.module):
                    found[known] = part, name.name
    return found


def resolve(node: ast.expr, place: Place) -> tuple[Path, str] | None:
    """Return the file and the name there that an expression such as `sheets.sheet` stands for."""
    if isinstance(node, ast.Name):
        if node.id in defined(place.module) or node.id in constants(place.module):
            return place.module, node.id
        return imported(place.module).get(node.id)
    if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
        whole = imported(place.module).get(node.value.id)
        return (whole[0], node.attr) if whole and not whole[1] else None
    return None


def unproven(node: ast.expr | None, place: Place) -> list[str]:
    """Return the parts of an expression in which a visitor's words might stand as they are."""
    here = f"{place.module.relative_to(ROOT)}: {ast.unparse(node) if node else ''}"
    if node is None or place.depth > 25:
        return [here]
    if any(re.fullmatch(known, ast.unparse(node)) for known in SAFE):
        return []
    again = lambda *nodes: [part for one in nodes for part in unproven(one, place)]  # noqa: E731
    match node:
        case ast.Constant() | ast.Compare() | ast.UnaryOp(op=ast.Not()):
            return []
        case ast.JoinedStr(values=values):
            return again(*values)
        case ast.FormattedValue(value=value, format_spec=spec):
            if spec is not None and NUMERIC.fullmatch(ast.unparse(spec)[2:-1]):
                return []
            return again(value)
        case ast.BinOp(left=left, op=ast.Add() | ast.Mult() | ast.Mod(), right=right):
            return again(left, right)
        case ast.BinOp():
            return []  # numbers
        case ast.UnaryOp(operand=operand):
            return again(operand)
        case ast.IfExp(body=body, orelse=other):
            return again(body, other)
        case ast.BoolOp(values=values):
            return again(*values)
        case ast.Tuple(elts=elements) | ast.List(elts=elements):
            return again(*elements)
        case ast.Starred(value=value):
            return again(value)
        case ast.Dict(values=values):
            return again(*values)
        case ast.GeneratorExp(elt=element) | ast.ListComp(elt=element):
            return unproven(element, place)
        case ast.NamedExpr(value=value):
            return again(value)
        case ast.Name():
            return unproven_name(node, place)
        case ast.Call():
            return unproven_call(node, place)
        case ast.Subscript(value=value):
            return again(value)  # as safe as what holds it
        case ast.Attribute(attr=name):
            if name in PROPERTIES:
                path = ROOT / PROPERTIES[name]
                function = method(path, name)
                return [part for one in own_returns(function) for part in unproven(one.value, Place(path, function))]
            known = resolve(node, place)
            if known and (value := constants(known[0]).get(known[1])) is not None:
                return unproven(value, Place(known[0], depth=place.depth + 1))
    return [here]


def unproven_name(node: ast.Name, place: Place) -> list[str]:
    deeper = Place(place.module, place.function, place.given, place.depth + 1)
    if place.function is not None and node.id in numbers(place.function):
        return []
    busy = id(place.function), node.id
    if busy in place.busy:  # `inner = f"<b>{inner}</b>"`: as safe as what it began with
        return []
    deeper.busy = place.busy | {busy}
    if node.id in place.given:
        value, where = place.given[node.id]
        return unproven(value, Place(where.module, where.function, where.given, place.depth + 1))
    if place.function is not None:
        values = list(given_in(place.function, node.id))
        if values:
            where = f"{place.module.relative_to(ROOT)}: {node.id} of {getattr(place.function, 'name', '')}"
            return [part for value in values for part in (unproven(value, deeper) if value else [where])]
    if isinstance(place.function, ast.FunctionDef) and node.id in [one.arg for one in place.function.args.args]:
        return [part for value, where in passed(place, node.id) for part in unproven(value, where)]
    if known := resolve(node, place):
        if (value := constants(known[0]).get(known[1])) is not None:
            return unproven(value, Place(known[0], depth=place.depth + 1))
    return [f"{place.module.relative_to(ROOT)}: {node.id}"]


def passed(place: Place, name: str) -> Iterator[tuple[ast.expr | None, Place]]:
    """Yield what its own module passes to a function of a module as one of its parameters."""
    at = [one.arg for one in place.function.args.args].index(name)
    for call, called_name, where in calls(place.module):
        if called_name == place.function.name:
            named = {one.arg: one.value for one in call.keywords}
            yield call.args[at] if at < len(call.args) else named.get(name), where


def numbers(function: ast.AST) -> set[str]:
    """Return the parameters of a function that are numbers, or arrays of them, by what it says of them."""
    known = [one for one in ast.walk(function) if isinstance(one, ast.arg) and one.annotation]
    return {one.arg for one in known if TYPES.fullmatch(ast.unparse(one.annotation))}


NUMBER = ast.Constant(0)


def given_in(function: ast.AST, name: str, deep: bool = True) -> Iterator[ast.expr | None]:
    """Yield what a name is given in a function, by `=`, `+=`, `:=` or `for`; None for what cannot be told."""
    for node in ast.walk(function) if deep else ast.iter_child_nodes(function):
        match node:
            case ast.Assign(targets=targets, value=value):
                for target in targets:
                    yield from taken(target, value, name)
            case ast.AugAssign(target=ast.Name(id=id), value=value) if id == name:
                yield value
            case ast.AnnAssign(target=ast.Name(id=id), value=value) if id == name:
                yield value
            case ast.NamedExpr(target=ast.Name(id=id), value=value) if id == name:
                yield value
            case ast.For(target=target, iter=many) | ast.comprehension(target=target, iter=many):
                yield from each(target, many, name, function)


def taken(target: ast.expr, value: ast.expr, name: str) -> Iterator[ast.expr | None]:
    match target, value:
        case ast.Name(id=id), _ if id == name:
            yield value
        case ast.Tuple(elts=targets), ast.IfExp(body=body, orelse=other):
            yield from taken(target, body, name)
            yield from taken(target, other, name)
        case ast.Tuple(elts=targets), ast.Tuple(elts=values) if len(targets) == len(values):
            for one, part in zip(targets, values, strict=True):
                yield from taken(one, part, name)
        case ast.Tuple(elts=targets), ast.GeneratorExp(elt=element):
            for one in targets:
                yield from taken(one, element, name)
        case ast.Tuple(), ast.Attribute(attr="shape") | ast.Subscript(value=ast.Attribute(attr="shape")):
            yield NUMBER
        case ast.Tuple(elts=targets), _ if any(names(one, name) for one in targets):
            yield None


def each(target: ast.expr, many: ast.expr, name: str, function: ast.AST) -> Iterator[ast.expr | None]:
    """Yield what a name is given by `for target in many`."""
    if not names(target, name):
        return
    match target, many:
        case _, ast.Call(func=ast.Name(id="range")):
            yield NUMBER
        case ast.Tuple(elts=[first, second]), ast.Call(func=ast.Name(id="enumerate"), args=[inner, *_]):
            if names(first, name):
                yield NUMBER
            else:
                yield from each(second, inner, name, function)
        case ast.Tuple(elts=targets), ast.Call(func=ast.Name(id="zip"), args=args) if len(args) == len(targets):
            for one, part in zip(targets, args, strict=True):
                yield from each(one, part, name, function)
        case _, ast.Tuple(elts=values) | ast.List(elts=values):
            for value in values:
                yield from taken(target, value, name)
        case _, ast.Call(func=ast.Name(id="reversed" | "list"), args=[inner]):
            yield from each(target, inner, name, function)
        case ast.Tuple(elts=[first, second]), ast.Call(func=ast.Attribute(value=ast.Name(id=id), attr="items")):
            for value in given_in(function, id):
                parts = (value.keys if names(first, name) else value.values) if isinstance(value, ast.Dict) else [None]
                yield from parts
        case ast.Name(), ast.Name() | ast.Attribute():
            yield many  # as safe as what holds it
        case ast.Tuple(), ast.Name(id=id):
            for value in [*given_in(function, id)] or [many]:
                if value is None or value is many:
                    yield value
                else:
                    yield from each(target, value, name, function)
        case _:
            yield None


def names(target: ast.expr, name: str) -> bool:
    return any(isinstance(node, ast.Name) and node.id == name for node in ast.walk(target))


def unproven_call(node: ast.Call, place: Place) -> list[str]:
    function = node.func
    last = function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")
    if last in ESCAPING or last in NUMBERS:
        return []
    if (known := resolve(function, place)) and known[1] in defined(known[0]):
        return called(function, node.args, {one.arg: one.value for one in node.keywords}, place, node)
    if last == "get" and isinstance(function, ast.Attribute):
        return [part for one in (function.value, *node.args[1:]) for part in unproven(one, place)]
    if isinstance(function, ast.Attribute) and last in (
        "join",
        "replace",
        "removeprefix",
        "capitalize",
        "decode",
        "strip",
    ):
        return [part for one in (function.value, *node.args) for part in unproven(one, place)]
    if last == "map" and node.args:
        return called(node.args[0], [], {}, place, node)
    if last in ("str", "repr", "max", "min", "list", "reversed", "sorted"):
        return [part for one in node.args for part in unproven(one, place)]
    return called(function, node.args, {one.arg: one.value for one in node.keywords}, place, node)


def called(
    function: ast.expr, values: list[ast.expr], named: dict[Any, ast.expr], place: Place, node: ast.expr
) -> list[str]:
    """Return what is unproven of what a function of the project returns, called like this."""
    known = resolve(function, place)
    if known is None or known[1] not in defined(known[0]):
        inner = (
            [one for one in ast.walk(place.function) if getattr(one, "name", "") == getattr(function, "id", " ")]
            if place.function
            else []
        )
        if not inner:
            return [f"{place.module.relative_to(ROOT)}: {ast.unparse(node)}"]
        path, body = place.module, inner[0]
    else:
        path, body = known[0], defined(known[0])[known[1]]
    if body.returns and TYPES.fullmatch(ast.unparse(body.returns)):
        return []
    arguments = body.args.args
    given = {one.arg: (value, place) for one, value in zip(arguments, values, strict=False)}
    given |= {name: (value, place) for name, value in named.items()}
    usual = dict(zip([one.arg for one in arguments][::-1], body.args.defaults[::-1], strict=False))
    given |= {name: (value, Place(path)) for name, value in usual.items() if name not in given}
    there = Place(path, body, given, place.depth + 1)
    returned = [one.value for one in own_returns(body)]
    return [part for value in returned for part in unproven(value, there)]


def own_returns(function: ast.AST) -> Iterator[ast.Return]:
    for node in ast.iter_child_nodes(function):
        if isinstance(node, ast.Return):
            yield node
        elif not isinstance(node, ast.FunctionDef | ast.Lambda):
            yield from own_returns(node)


def calls(path: Path) -> Iterator[tuple[ast.Call, str, Place]]:
    """Yield each call in a module, the last part of its function's name, and where it stands."""

    def walk(node: ast.AST, function: ast.AST | None) -> Iterator[tuple[ast.Call, str, Place]]:
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.Call):
                yield child, getattr(child.func, "attr", getattr(child.func, "id", "")), Place(path, function)
            outer = function or (child if isinstance(child, ast.FunctionDef) else None)
            yield from walk(child, outer)

    return walk(tree(path), None)


SHOWN = [(path, call, place) for path in FILES for call, name, place in calls(path) if name == "html"]
COMPONENTS = [(path, call) for path in FILES for call, name, _ in calls(path) if name == "component"]
# What would make HTML, a program or a request of a text that a component was given.
MAKES_HTML = re.compile(
    r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|createContextualFragment|DOMParser|srcdoc"
    r"|\beval\b|new Function|setTimeout\(\s*[\"'`]|javascript:|\bfetch\(|XMLHttpRequest|\bimport\("
)


def at(case: object) -> str:
    if isinstance(case, Path):
        return str(case.relative_to(ROOT))
    return str(case.lineno) if isinstance(case, ast.Call) else ""


@pytest.mark.parametrize("path, call, place", SHOWN, ids=at)
def test_what_is_shown_as_html_is_made_of_constants_numbers_and_escaped_text(path, call, place):
    assert unproven(call.args[0], place) == []


@pytest.mark.parametrize(
    "code",
    [
        'st.html(f"<b>{run.name}</b>")',
        'st.html("<b>%s</b>" % run.label.note)',
        'name = run.name\n    st.html("<b>" + name)',
        'st.html("".join(f"<i>{one.name}</i>" for one in runs))',
        'st.html(bold(run.name))',
        'a, b = escape(run.name), run.name\n    st.html(f"{a}{b}")',
        'for number, name in enumerate(names):\n        st.html(f"{number} {name}")',
        'st.html(f"{run.name:>10}")',
        'words = ""\n    words += file.name\n    st.html(words)',
        'st.html(sheets.sheet(images, []) + title)',
        'st.html(open(path).read())',
    ],
)  # fmt: skip
def test_a_text_of_a_user_would_be_found(tmp_path, monkeypatch, code):
    path = tmp_path / "page.py"
    path.write_text(
        "import streamlit as st\nfrom html import escape\nfrom trainer import sheets\n"
        f'def bold(words):\n    return f"<b>{{words}}</b>"\ndef show(run, runs):\n    {code}\n'
    )
    monkeypatch.setitem(globals(), "ROOT", tmp_path)
    monkeypatch.setitem(globals(), "module_file", lambda name: None)
    (call, place), *_ = [(call, place) for call, name, place in calls(path) if name == "html"]
    assert unproven(call.args[0], place)


@pytest.mark.parametrize("path", FILES, ids=at)
def test_no_page_lets_streamlit_show_html_that_is_not_constant(path):
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.keyword) and node.arg in ("unsafe_allow_html", "unsafe_allow_javascript"):
            assert isinstance(node.value, ast.Constant) and node.value.value is False
        if isinstance(node, ast.Attribute):
            assert node.attr != "iframe" and "components.v1" not in ast.unparse(node)


@pytest.mark.parametrize("path, call", COMPONENTS, ids=at)
def test_a_component_is_constant_and_shows_what_it_is_given_as_text(path, call):
    parts = {one.arg: one.value for one in call.keywords}
    assert isinstance(call.args[0], ast.Constant)
    for part in parts.values():
        assert unproven(part, Place(path, part)) == []
        for text in (one.value for one in ast.walk(part) if isinstance(one, ast.Constant)):
            assert not MAKES_HTML.search(str(text))


def test_there_are_pages_to_look_at():
    assert len(SHOWN) > 40 and len(COMPONENTS) > 10
