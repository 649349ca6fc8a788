"""Draw the package diagram of docs/architecture.md: `python -m docs.packages`.

The rows are the layers of the import contract in pyproject.toml, the arrows come from the imports in the code.
"""

import tomllib
from pathlib import Path

import grimp

ROOT = Path(__file__).parents[1]
FILE = Path(__file__).with_suffix(".svg")

# Positions from left to right, chosen so that no arrow crosses a box. A package that is missing here gets the middle.
COLUMNS = {
    "pages": 1,
    "ui": 1,
    "my_data": 1,
    "jobs": 0,
    "sharing": 1,
    "analysis": 0.5,
    "runs": 0.5,
    "shipped": 0.5,
    "lessons": 3,
    "data": 0.5,
    "networks": 2,
    "drawing": 1,
    "config": 0,
    "storage": 2,
    "figures": 1,
    "text": 0,
    "processes": 3,
}
MIDDLE = 1.5
BOX_WIDTH, BOX_HEIGHT = 120, 34
COLUMN_WIDTH, ROW_HEIGHT, MARGIN = 170, 66, 20
STYLE = """
    .box { fill: #eef3f8; stroke: #0072b2; }
    .arrow { fill: none; stroke: #57606a; stroke-width: 1.5; }
    .head { fill: #57606a; }
    text { font: 15px system-ui, sans-serif; fill: #1f2328; text-anchor: middle; dominant-baseline: central; }
    @media (prefers-color-scheme: dark) {
        .box { fill: #16222e; stroke: #4aa3df; }
        .arrow { stroke: #9198a1; }
        .head { fill: #9198a1; }
        text { fill: #f0f6fc; }
    }
"""

Edges = set[tuple[str, str]]


def main() -> None:
    FILE.write_text(diagram())


def diagram() -> str:
    """Return the diagram as SVG; the same imports give the same text."""
    rows = layers()
    places = {name: (COLUMNS.get(name, MIDDLE), row) for row, names in enumerate(rows) for name in names}
    width = 2 * MARGIN + 3 * COLUMN_WIDTH + BOX_WIDTH
    height = 2 * MARGIN + (len(rows) - 1) * ROW_HEIGHT + BOX_HEIGHT
    parts = [arrow(places[start], places[end]) for start, end in sorted(reduced(imports()))]
    parts += [box(name, *place) for name, place in places.items()]
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}">',
            "<title>The packages of Digit Lab: each imports only packages below it</title>",
            f"<style>{STYLE}</style>",
            '<marker id="head" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="7" markerHeight="7" orient="auto">'
            '<path class="head" d="M0 0 8 4 0 8Z"/></marker>',
            *parts,
            "</svg>\n",
        ]
    )


def layers() -> list[list[str]]:
    """Return the packages of each layer, the top layer first, from the contracts that lint-imports checks."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]
    contracts = {contract["id"]: contract for contract in settings["contracts"]}
    whole = [name for name in contracts["whole"]["layers"] if name != "trainer"]
    return [layer.split(" | ") for layer in [*whole, *contracts["trainer"]["layers"]]]


def imports() -> Edges:
    """Return which package imports which, without the `trainer` package itself, which all of them import."""
    graph = grimp.build_graph("pages", "ui", "trainer", exclude_type_checking_imports=True, cache_dir=None)
    edges = {
        (package(module), package(imported))
        for module in graph.modules
        for imported in graph.find_modules_directly_imported_by(module)
    }
    return {(start, end) for start, end in edges if start != end and "trainer" not in (start, end)}


def package(module: str) -> str:
    """Return `networks` for `trainer.networks.model`, `ui` for `ui.learn.softmax`."""
    top, *rest = module.split(".")
    return rest[0] if top == "trainer" and rest else top


def reduced(edges: Edges) -> Edges:
    """Leave out each import that others imply: of a to b, b to c and a to c, the last one."""
    return {(start, end) for start, end in edges if end not in reachable(edges - {(start, end)}, start)}


def reachable(edges: Edges, start: str) -> set[str]:
    found: set[str] = set()
    ahead = [start]
    while ahead:
        name = ahead.pop()
        new = {end for begin, end in edges if begin == name} - found
        found |= new
        ahead += new
    return found


def center(column: float, row: int) -> tuple[float, float]:
    """Return the middle of a box in pixels."""
    return MARGIN + BOX_WIDTH / 2 + column * COLUMN_WIDTH, MARGIN + BOX_HEIGHT / 2 + row * ROW_HEIGHT


def box(name: str, column: float, row: int) -> str:
    x, y = center(column, row)
    left, top = x - BOX_WIDTH / 2, y - BOX_HEIGHT / 2
    return (
        f'<rect class="box" x="{left:g}" y="{top:g}" width="{BOX_WIDTH}" height="{BOX_HEIGHT}" rx="6"/>'
        f'<text x="{x:g}" y="{y:g}">{name}</text>'
    )


def arrow(start: tuple[float, int], end: tuple[float, int]) -> str:
    """Draw a curve to the next row, then straight down to the box, so that it passes beside boxes in between."""
    (x1, y1), (x2, y2) = center(*start), center(*end)
    y1, y2 = y1 + BOX_HEIGHT / 2, y2 - BOX_HEIGHT / 2
    turn = y1 + ROW_HEIGHT - BOX_HEIGHT - 10  # where the curve has reached its column: the arrowhead needs 10 pixels
    bend = (y1 + turn) / 2
    path = f"M{x1:g} {y1:g}C{x1:g} {bend:g} {x2:g} {bend:g} {x2:g} {turn:g}V{y2:g}"
    return f'<path class="arrow" d="{path}" marker-end="url(#head)"/>'


if __name__ == "__main__":
    main()
