"""The colours, and the line styles of compared runs."""

import tomllib
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from trainer.figures import palette
from trainer.figures.palette import COLOURS, colours, mark, swatch


@given(st.sets(st.text(max_size=8), max_size=7))
def test_each_of_seven_runs_has_a_colour_of_its_own_in_whatever_order(ids):
    given = colours(list(ids))
    assert set(given) == ids and len(set(given.values())) == len(ids)
    assert given == colours(sorted(ids, reverse=True))


@given(st.text(), st.text())
def test_the_older_of_two_runs_keeps_the_colour_that_it_has_alone(one, other):
    older = min(one, other)
    assert colours([one, other])[older] == colours([older])[older]
    assert colours([older])[older] in COLOURS


def test_runs_are_told_apart_without_colour_as_well():
    assert len({colour.dash for colour in COLOURS}) >= 6  # as many as are compared
    assert len({mark(colour) for colour in COLOURS}) == len({swatch(colour) for colour in COLOURS}) == len(COLOURS)


def test_no_other_module_of_the_core_has_a_copy_of_a_colour():
    table = {name: value for name, value in vars(palette).items() if name.isupper() and isinstance(value, str)}
    assert len(table) == len(set(table.values())) == 9
    own = Path(palette.__file__)
    sources = {path: path.read_text("utf-8").upper() for path in own.parents[1].rglob("*.py") if path != own}
    assert [(path.name, name) for path, text in sources.items() for name, value in table.items() if value in text] == []


def test_the_theme_and_the_reports_style_sheet_have_the_palettes_colours():
    root = Path(palette.__file__).parents[2]
    theme = tomllib.loads((root / ".streamlit/config.toml").read_text("utf-8"))["theme"]
    assert theme["light"]["primaryColor"] == palette.BLUE
    (report,) = (root / "trainer").rglob("report.css")
    text = " ".join(report.read_text("utf-8").split())
    for blue, vermillion in ((palette.BLUE, palette.VERMILLION), (palette.SKY, palette.ORANGE)):  # light and dark
        assert f"--blue: {blue.lower()}; --vermillion: {vermillion.lower()};" in text


def test_a_colours_parts():
    assert palette.rgb("#0072B2") == (0, 0x72, 0xB2)
