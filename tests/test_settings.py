"""docs/settings.md names every environment variable that the code reads and every command-line option."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]
DOCUMENT = (ROOT / "docs" / "settings.md").read_text("utf-8")
FOLDERS = ("pages", "ui", "trainer", "harness", "benchmarks", "docs", "tests")
OWN_VARIABLE = re.compile(r"\b(?:DIGITLAB_[A-Z_]*[A-Z]|REQUIRE_BROWSER)\b")
STANDARD = {"PATH", "PYENV_ROOT"}  # of the shell and of pyenv, read by tests


def sources() -> list[Path]:
    return [*sorted(ROOT.glob("*.py")), *(path for name in FOLDERS for path in sorted((ROOT / name).rglob("*.py")))]


def variables(tree: ast.AST) -> Iterator[str]:
    """Yield the names that `os.environ` or `os.getenv` is asked for."""
    for node in ast.walk(tree):
        match node:
            case ast.Subscript(value=ast.Attribute(attr="environ"), slice=ast.Constant(value=str(name))):
                yield name
            case ast.Call(
                func=ast.Attribute(value=ast.Attribute(attr="environ")) | ast.Attribute(attr="getenv"),
                args=[ast.Constant(value=str(name)), *_],
            ):
                yield name
            case ast.Compare(left=ast.Constant(value=str(name)), comparators=[ast.Attribute(attr="environ")]):
                yield name


def options(tree: ast.AST) -> Iterator[str]:
    """Yield the options that an ArgumentParser gets."""
    for node in ast.walk(tree):
        match node:
            case ast.Call(func=ast.Attribute(attr="add_argument"), args=[ast.Constant(value=str(name)), *_]):
                yield name


def documented(name: str) -> bool:
    return re.search(rf"`[^`\n]*(?<![\w-]){re.escape(name)}(?![\w-])[^`\n]*`", DOCUMENT) is not None


def test_every_environment_variable_is_documented():
    found: dict[str, str] = {}
    for path in sources():
        text = path.read_text("utf-8")
        found |= dict.fromkeys([*OWN_VARIABLE.findall(text), *variables(ast.parse(text))], path.name)
    assert {"DIGITLAB_RUNS", "KERAS_HOME", "TF_CPP_MIN_LOG_LEVEL", "REQUIRE_BROWSER"} <= set(found)
    missing = {name: file for name, file in found.items() if name not in STANDARD and not documented(name)}
    assert not missing, f"add these variables to docs/settings.md: {missing}"


def test_every_documented_variable_of_ours_is_read():
    code = "\n".join(path.read_text("utf-8") for path in sources() if path != Path(__file__))
    assert {name for name in OWN_VARIABLE.findall(DOCUMENT) if name not in code} == set()


def test_every_command_line_option_is_documented():
    found = {(path.name, name) for path in sources() for name in options(ast.parse(path.read_text("utf-8")))}
    assert {("run.py", "--port"), ("screenshots.py", "--all")} <= found
    missing = {(file, name) for file, name in found if not documented(name)}
    assert not missing, f"add these options to docs/settings.md: {missing}"
