"""Names and notes of every kind: saved or refused with one sentence, shown as text, and never used as a path."""

import io
import json
import re
import zipfile
from pathlib import Path

import onnx
import pytest
from markupsafe import escape
from streamlit.testing.v1 import AppTest

from tests.support.apps import TINY, open_page
from tests.support.cases import case
from trainer import UserError
from trainer.jobs.engine import Engine
from trainer.networks import model, onnx_writer
from trainer.runs.label import MAX_NAME_CHARACTERS, MAX_NOTE_CHARACTERS
from trainer.runs.owner import owner_hash
from trainer.runs.store import RunStore
from trainer.sharing import report, run_import, run_zip
from ui.markdown import WORD_JOINER, literal, sentence

ME = "my token"
TEXTS = {
    "300 letters": "x" * 300,
    "300 letters of three bytes": "数" * 300,
    "1,001 letters": "x" * 1_001,
    "path parts": "../../x",
    "an absolute path": "/etc/passwd",
    "a drive": "C:\\Windows\\x",
    "NUL": "a\0b",
    "control characters": "a\r\n\t\x1b[31mb\x7f",
    "a line separator": "a\u2028b\u2029c",
    "right to left": "a\u202egnp.exe",
    "isolates": "a\u2066b\u2069c",
    "a half of a letter": "a\ud800b",
    "HTML": '<img src="x" onerror="alert(1)">',
    "a script": "</script><script>alert(1)</script>",
    "entities": "&lt;b&gt; & &amp;",
    "a picture in Markdown": "![x](https://example.org/x.png)",
    "a link in Markdown": "[x](javascript:alert(1))",
    "an address": "see http://evil.example, WWW.evil.example and someone@evil.example",
    "Markdown": "# *a* **b** `c` ~~d~~ :red[e] $f$ | g",
    "a directive": ":material/home: :smile: :red-background[x]",
    "a format": "%s {0} {name} %(a)s %{x}",
    "a formula": "=1+1",
    "quotes": "\"'`",
    "emoji": "👩‍🔬 🏳️‍🌈 ✏️ 7️⃣",
    "Arabic": "شبكة 1",
    "Chinese": "数字",
    "combined letters": "Z͑ͫ̓ͪ̂ͫ̽͏̴̙̤̞͉͚̯̞̠͍A̴̵̜̰͔ͫ͗͢L̠ͨͧͩ͘G̴̻͈͍͔̹̑͗̎̅͛́Ǫ̵̹̻̝̳͂̌̌͘!͖̬̰̙̗̿̋ͥͥ̂ͣ̐́́͜͞",
    "only spaces": " \t \u00a0\u3000 ",
    "only what is unseen": "\u200b\u2060\ufeff\0",
    "nothing": "",
    "a dot": ".",
    "two dots": "..",
    "a reserved name": "CON",
    "a name that is taken": "config.json",
}
SEEN = re.compile(r"[^\x00-\x09\x0b-\x1f\x7f-\x9f\u200b\u2028-\u202e\u2060-\u2069\ufeff\ud800-\udfff]*")


@pytest.fixture(scope="module")
def network() -> bytes:
    return onnx_writer.to_onnx(model.weights(model.build(TINY)), TINY)


@pytest.fixture
def store(runs_directory) -> RunStore:
    return RunStore(runs_directory)


@pytest.fixture
def run(store, network):
    """A finished run of this visitor, beside another one."""
    store.create(TINY, owner_hash(ME)).update(phase="finished", steps=10)
    run = store.create(TINY, owner_hash(ME))
    run.network_file.write_bytes(network)
    run.update(phase="finished", test_accuracy=0.5, device="CPU", data="MNIST", seconds=3.0, steps=10)
    return run


@pytest.fixture
def engine(runs_directory, cluster):
    engine = Engine(runs_directory, address=cluster.scheduler_address)
    yield engine
    engine.close()


def everywhere(folder: Path) -> dict[str, bytes]:
    """Return all files that a name used as a path could have changed."""
    files = (path for path in folder.rglob("*") if path.is_file() and not path.name.startswith(".engine"))
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}


def expected(text: str, field: str) -> str:
    """Return the saved form of a text: printable characters only, and a name in one line."""
    seen = "".join(letter if SEEN.fullmatch(letter) else " " for letter in text)
    return " ".join(seen.split()) if field == "name" else seen


@pytest.mark.parametrize("field", ["name", "note"])
@pytest.mark.parametrize("text", TEXTS)
def test_a_text_is_saved_or_refused_and_survives_export_and_import(engine, run, tmp_path, text, field):
    given, before = TEXTS[text], everywhere(tmp_path)
    try:
        engine.describe(run.id, ME, **{field: given})
    except UserError as error:
        assert re.fullmatch(
            r"A (name|note) may have at most [\d,]+ characters \(got [\d,]+\): write a shorter one\.", str(error)
        )
        assert len(given) > {"name": MAX_NAME_CHARACTERS, "note": MAX_NOTE_CHARACTERS}[field]
        assert everywhere(tmp_path) == before
        return
    saved = getattr(run.read().label, field)
    assert saved == expected(given, field)
    assert SEEN.fullmatch(saved.replace("\n", "")) and run.read().name.strip()
    changed = {name for name, content in everywhere(tmp_path).items() if before.get(name) != content}
    assert changed <= {f"runs/{run.id}/meta.json"}
    files = unpacked(run_zip.pack(run))
    assert set(files) <= {*run_zip.REQUIRED, *run_zip.OPTIONAL, *run_zip.DERIVED}
    assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", run_zip.file_stem(run.read()))
    properties = onnx.load_from_string(files["model.onnx"]).metadata_props
    assert {item.key: item.value for item in properties}["name"] == run.read().name
    assert json.loads(files["meta.json"])[field] == saved
    assert not re.search(r"<(script|img src=\"x)|<b>", files["report.html"].decode())
    compile(files["program.py"], "program.py", "exec")
    json.loads(files["notebook.ipynb"])
    files["README.txt"].decode()
    back = run_import.import_run(engine.runs, run_zip.pack(run), owner_hash(ME))
    assert " ".join(getattr(back.read().label, field).split()) == " ".join(shown_there(saved).split())


def shown_there(text: str) -> str:
    """Return a text as the run import saves it: it is stricter than a rename."""
    return "".join(letter if letter.isprintable() or letter == "\n" else " " for letter in text)


def unpacked(content: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


# What Streamlit's Markdown makes a link of, in text from which all backslashes are gone
AUTOLINK = re.compile(r"(https?://|www(?=\.))[-.\w]+|[-.\w+]+@[-\w]+(\.[-\w]+)+|\w+://", re.IGNORECASE)


@pytest.mark.parametrize("escape", [literal, sentence])
@pytest.mark.parametrize(
    "address",
    [
        "http://evil.example",
        "HTTPS://evil.example/a?b",
        "www.evil.example",
        "xWwW.evil.example",
        "someone@evil.example",
        "mailto:a+b@evil.example",
        "ftp://evil.example",
    ],
)
def test_an_address_becomes_no_link(escape, address):
    escaped = escape(f"got {address}.")
    shown = re.sub(r"\\([!-/:-@\[-`{-~])", r"\1", escaped)  # as Markdown shows it
    assert not AUTOLINK.search(shown)
    assert shown.replace(WORD_JOINER, "") == f"got {address}."


def test_no_page_shows_an_error_unescaped():
    root = Path(__file__).parents[2]
    raw = re.compile(r"st\.(error|warning|info|toast)\((str\(\w+\)|\w*error|\w+\.error)\b")
    files = [*(root / "ui").rglob("*.py"), *(root / "pages").glob("*.py"), root / "app.py"]
    assert [file.name for file in files if raw.search(file.read_text("utf-8"))] == []


def html(app: AppTest) -> str:
    return "\n".join(element.proto.body for element in app.get("html"))


def test_pages_show_a_name_and_a_note_as_plain_text(app, run, tmp_path):
    app.session_state.owner = ME
    open_page(app, "runs", run)
    runs = ",".join(one.id for one in app.session_state.engine.runs.runs())
    for title, text in TEXTS.items():
        with case(title):
            given = text.encode("utf-8", "replace").decode()  # browsers send no lone surrogates
            app.session_state[f"run.renaming.{run.id}"] = True  # as a click on Rename does
            visit(app, "runs", run=run.id)
            before = everywhere(tmp_path)
            (name,) = (field for field in app.text_input if field.label == "Name")
            name.set_value(given)
            next(button for button in app.button if button.label == "Save").click().run()
            assert not app.exception
            (note,) = (field for field in app.text_area if field.label == "Note")
            note.set_value(given)
            next(button for button in app.button if button.label == "Save note").click().run()
            assert not app.exception
            changed = {name for name, content in everywhere(tmp_path).items() if before.get(name) != content}
            assert changed <= {f"runs/{run.id}/meta.json", "runs/.ledger.json"}
            for page in ("train", "runs", "draw"):
                visit(app, page, run=run.id)
                if page in ("train", "runs"):
                    assert app.subheader[0].value == literal(run.read().name)
            visit(app, "compare", runs=runs)


def visit(app: AppTest, page: str, **query: str) -> None:
    """Open a page by a link; no text on it may be HTML."""
    app.query_params.clear()
    for name, value in query.items():
        app.query_params[name] = value
    app.switch_page(f"pages/{page}.py").run()
    assert not app.exception, page
    assert '<img src="x' not in html(app) and "<script>alert" not in html(app)


@pytest.mark.parametrize("text", TEXTS)
def test_a_report_escapes_a_name_and_a_note(run, text):
    saved = json.dumps({"name": TEXTS[text][:MAX_NAME_CHARACTERS], "note": TEXTS[text][:MAX_NOTE_CHARACTERS]})
    (run.path / "meta.json").write_text(saved)  # written by another program
    view = run.read()
    page = report.page(view)
    page.encode()
    assert f"<h1>{escape(view.name)}</h1>" in page
    assert escape(view.label.note.strip()) in page
    assert not re.search(r"<(script|b>|img src=\"x)", page)
    assert not re.search(r"[\0\u202e\u2066]", page)
