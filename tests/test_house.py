"""House rules that linters do not check: docstrings, file lengths, links in the documentation, generated figures."""

import ast
import re
from pathlib import Path

import pytest

from docs import packages
from tests.support.apps import TINY
from tests.support.cases import case
from trainer.runs.store import RunStore

ROOT = Path(__file__).parents[1]
FOLDERS = ("pages", "ui", "trainer", "harness", "benchmarks", "docs", "tests")
DOCUMENTS = [*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), *ROOT.glob("benchmarks/*.md")]
MAX_LINES = 300
REASON = "longer than 300 lines"


def modules() -> list[Path]:
    return [*sorted(ROOT.glob("*.py")), *(path for name in FOLDERS for path in sorted((ROOT / name).rglob("*.py")))]


def docstring(path: Path) -> str:
    return ast.get_docstring(ast.parse(path.read_text("utf-8"))) or ""


def test_every_module_has_a_docstring_that_is_a_statement():
    found = {path.relative_to(ROOT).as_posix(): docstring(path) for path in modules()}
    assert len(found) > 250
    assert [name for name, text in found.items() if not text and not name.startswith("tests/")] == []
    assert [name for name, text in found.items() if text.partition("\n")[0].endswith("?")] == []


def test_a_long_file_says_why_it_is_one_file():
    unexplained = {}
    for path in modules():
        lines = path.read_text("utf-8").count("\n")
        if lines > MAX_LINES and REASON not in " ".join(docstring(path).split()).lower():
            unexplained[path.relative_to(ROOT).as_posix()] = lines
    assert not unexplained, (
        f"split these, or say 'Longer than 300 lines because ...' in their docstrings: {unexplained}"
    )


def test_the_package_figure_is_what_the_imports_are():
    assert packages.FILE.read_text("utf-8") == packages.diagram(), "run python -m docs.packages"


def test_every_link_in_the_documentation_leads_to_a_file():
    for document in DOCUMENTS:
        for target in re.findall(r"\]\(([^)#\s]+)[^)]*\)", document.read_text("utf-8")):
            with case(f"{document.name}: {target}"):
                assert re.match("https?://", target) or (document.parent / target).exists()


def test_every_command_in_the_documentation_names_a_module_that_exists():
    for document in DOCUMENTS:
        for name in re.findall(r"python -m ((?:trainer|benchmarks|docs)[\w.]*)", document.read_text("utf-8")):
            with case(f"{document.name}: {name}"):
                assert (ROOT / name.replace(".", "/")).with_suffix(".py").exists()


@pytest.mark.slow
def test_the_run_directory_is_as_the_architecture_page_says(tmp_path, few_digits, monkeypatch):
    from trainer.jobs import job

    monkeypatch.setenv("DIGITLAB_DATA", str(few_digits))
    run = RunStore(tmp_path).create(TINY, "owner")
    run.request("epochs", value=1)
    run.describe(name="mine")
    job.run(str(run.path))
    assert run.state.phase == "finished", run.state.error

    page = (ROOT / "docs" / "architecture.md").read_text("utf-8")
    table = page[page.index("## The run directory") : page.index("## Four ways")]
    documented = set(re.findall(r"^\| `([\w.]+)` \|", table, re.MULTILINE))
    written = {path.name for path in run.path.iterdir()}
    # the first two are those of a run that continues another, the last one of a class
    assert documented - written == {"parent.onnx", "drawings.npz", "predictions.json"}
    assert written - documented == set()
