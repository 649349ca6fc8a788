"""docs/extending.md names files, tests and tables that exist."""

import re

import pytest

from harness.server import ROOT

TEXT = (ROOT / "docs/extending.md").read_text("utf-8")
PATHS = sorted(set(re.findall(r"`([\w/]+/[\w.]*)`", TEXT)))
CODE_NAME = r"`(test_\w+|[A-Z]+(?:_[A-Z]+)*|[a-z]+(?:_[a-z]+)+)(?:\(.*?\))?`"
NAMES = sorted(set(re.findall(CODE_NAME, TEXT)) - {"he_normal", "L2"})


@pytest.mark.parametrize("path", PATHS)
def test_a_named_file_exists(path: str) -> None:
    assert "NAME" in path or (ROOT / path).exists()


def test_named_functions_and_tables_exist_in_the_named_files() -> None:
    code = "\n".join((ROOT / path).read_text("utf-8") for path in PATHS if path.endswith(".py") and "NAME" not in path)
    assert [name for name in NAMES if not re.search(rf"\b{name}\b", code)] == []
