"""The colors, and the line styles of compared runs."""

import tomllib
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from trainer.figures import palette
from trainer.figures.palette import LINE_STYLES, line_styles, swatch, symbol


@given(st.sets(st.text(max_size=8), max_size=7))
def test_seven_runs_have_different_styles_in_any_order(ids):
    given = line_styles(list(ids))
    assert set(given) == ids and len(set(given.values())) == len(ids)
    assert given == line_styles(sorted(ids, reverse=True))


@given(st.text(), st.text())
def test_the_older_of_two_runs_keeps_its_style(one, other):
    older = min(one, other)
    assert line_styles([one, other])[older] == line_styles([older])[older]
    assert line_styles([older])[older] in LINE_STYLES


def test_runs_differ_without_color():
    assert len({style.dash for style in LINE_STYLES}) >= 6  # as many as are compared
    assert (
        len({symbol(style) for style in LINE_STYLES})
        == len({swatch(style) for style in LINE_STYLES})
        == len(LINE_STYLES)
    )


def test_no_other_module_of_the_core_repeats_a_color():
    table = {name: value for name, value in vars(palette).items() if name.isupper() and isinstance(value, str)}
    assert len(table) == len(set(table.values())) == 9
    own = Path(palette.__file__)
    sources = {path: path.read_text("utf-8").upper() for path in own.parents[1].rglob("*.py") if path != own}
    assert [(path.name, name) for path, text in sources.items() for name, value in table.items() if value in text] == []


def test_the_theme_and_the_reports_style_sheet_use_the_palette():
    root = Path(palette.__file__).parents[2]
    theme = tomllib.loads((root / ".streamlit/config.toml").read_text("utf-8"))["theme"]
    assert theme["light"]["primaryColor"] == palette.BLUE
    (report,) = (root / "trainer").rglob("report.css")
    text = " ".join(report.read_text("utf-8").split())
    for blue, vermillion in ((palette.BLUE, palette.VERMILLION), (palette.SKY, palette.ORANGE)):  # light and dark
        assert f"--blue: {blue.lower()}; --vermillion: {vermillion.lower()};" in text


def test_a_color_is_split_into_red_green_and_blue():
    assert palette.rgb("#0072B2") == (0, 0x72, 0xB2)
