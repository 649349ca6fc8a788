"""The table of pages, and the guard of a page that a fresh server runs without app.py."""

from pathlib import Path

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from harness.waiting import TIMEOUT_SECONDS
from ui import entry

pytestmark = pytest.mark.slow  # runs pages

PAGES = Path(__file__).parents[2] / "pages"
NAMES = sorted(path.stem for path in PAGES.glob("*.py"))


def test_the_table_lists_every_page() -> None:
    assert sorted(page.name for page in entry.PAGES) == NAMES
    assert len({page.title for page in entry.PAGES}) == len(entry.PAGES)


def test_no_pages_name_ends_with_that_of_another_one() -> None:
    """Streamlit 1.67 finds the address of a page by its end: /my_data would have links to /my_/my_data."""
    assert [(one, other) for one in NAMES for other in NAMES if one != other and one.endswith(other)] == []


@pytest.mark.parametrize("name", NAMES)
def test_a_page_without_the_app_switches_to_it_with_its_query(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    switched = []

    def switch_page(page, query_params):
        switched.append((page, query_params))
        st.stop()

    monkeypatch.setattr(st, "switch_page", switch_page)
    page = AppTest.from_file(str(PAGES / f"{name}.py"), default_timeout=TIMEOUT_SECONDS)
    page.query_params["run"] = "20260101-000000-abcdef"
    page.run()
    ((file, query),) = switched
    assert file == "app.py" and query["page"] == name and "".join(query["run"]) == "20260101-000000-abcdef"
    assert not page.exception and not page.title
