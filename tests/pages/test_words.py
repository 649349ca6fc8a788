"""The words of every page: settings and choices by their labels, numbers without exponents, one minus sign."""

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import fields
from html import unescape
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from google.protobuf.message import Message
from streamlit.testing.v1 import AppTest

from tests.support.apps import TINY
from tests.support.cases import case
from trainer.analysis import evaluation
from trainer.classroom.classrooms import Classrooms
from trainer.config.layers import LAYERS, BatchNormalization, Conv2D, Dense, Dropout, Flatten
from trainer.config.limits import CHOICE_LABELS, SETTINGS
from trainer.config.optimizers import OPTIMIZERS, AdamW
from trainer.config.training import TrainingConfig
from trainer.config.variation import Axis, Setting
from trainer.data import datasets
from trainer.networks import model, onnx_writer
from trainer.runs.owner import owner_hash
from trainer.runs.run import Run
from trainer.runs.store import RunStore, new_id
from trainer.runs.sweep import Plan, Sweep, Sweeps
from trainer.storage.files import json_line
from ui.entry import PAGES

ME = "my token"
# Every choice differs from the default, and the small numbers tempt a page into 1e-06.
RICH = TrainingConfig(
    layers=(Conv2D(2, 3, activation="leaky_relu"), BatchNormalization(), Flatten(), Dropout(), Dense(8, "relu")),
    optimizer=AdamW(weight_decay=0.000002),
    learning_rate=0.000001,
    schedule="one_cycle",
    loss="mean_squared_error",
    kernel_initializer="he_normal",
    dtype="mixed_bfloat16",
    l2=0.000003,
    shift=1.0,
    patience=3,
    epochs=2,
    batch_size=20,
)
CONFIG_CLASSES = (TrainingConfig, *LAYERS.values(), *OPTIMIZERS.values())
KEYS = {
    *(field.name for config_class in CONFIG_CLASSES for field in fields(config_class)),
    *SETTINGS,
    *(choice for labels in CHOICE_LABELS.values() for choice, label in labels.items() if choice != label),
}
KEY = re.compile(rf"(?<![\w.=/])({'|'.join(sorted(key for key in KEYS if '_' in key))})(?!\w)")
# Python and JavaScript write the exponent's sign; hashes, which may look alike, have none.
EXPONENT = re.compile(r"(?<![\w.])\d+(?:\.\d+)?e[+-]\d+(?!\w)")
HYPHEN_MINUS = re.compile(r"(?:^|[\s(=,:;×>~])-\d")  # in place of a minus sign, U+2212

TEXTS = {
    "body",
    "text",
    "content",
    "caption",
    "title",
    "label",
    "help",
    "placeholder",
    "alt",
    "value",
    "delta",
    "options",
}
# In the JSON of charts and components, these hold names for the program, numbers, images and links.
NOT_TEXTS = {"id", "run", "by", "columns", "type", "mode", "x", "y", "z", "bdata", "picture", "image", "link", "key"}


def page_texts(app: AppTest) -> Iterator[str]:
    """Yield every text that the page shows, as plain text."""
    yield from block_texts(app.main)


def block_texts(node: Any) -> Iterator[str]:
    proto = getattr(node, "proto", None)
    if isinstance(proto, Message) and node.type != "code":  # Keras code
        yield from map(plain, message_texts(proto))
    for child in getattr(node, "children", {}).values():
        yield from block_texts(child)


def message_texts(message: Message) -> Iterator[str]:
    """Yield the texts in a message to the browser, and in the JSON of charts and components."""
    for field, value in message.ListFields():
        parts = [value] if isinstance(value, (Message, str, bytes)) or not isinstance(value, Iterable) else list(value)
        for part in parts:
            if isinstance(part, Message):
                yield from message_texts(part)
            elif field.name in ("spec", "json", "bytes"):
                yield from json_texts(load(part))
            elif field.name in TEXTS and isinstance(part, str):
                yield part


def load(value: str | bytes) -> Any:
    try:
        return json.loads(value)
    except ValueError:
        return None


def json_texts(value: Any) -> Iterator[str]:
    match value:
        case str() if not value.startswith("data:"):
            yield value
        case list():
            for part in value:
                yield from json_texts(part)
        case dict():
            for name, part in value.items():
                if name not in NOT_TEXTS:
                    yield from json_texts(part)


def plain(text: str) -> str:
    """Return a text without code, links and HTML tags, but with the texts in their attributes."""
    text = re.sub(r"(?s)<(style|code|pre|script)\b.*?</\1>|```.*?```|`[^`]*`", " ", text)
    text = re.sub(r"\]\([^)]*\)", "]", text)
    attributes = " ".join(re.findall(r'(?:alt|title|aria-label)="([^"]*)"', text))
    return unescape(f"{re.sub(r'<[^>]*>', ' ', text)} {attributes}")


def findings(text: str) -> list[str]:
    """Return what a page must not show, each with the text around it."""
    return [
        text[max(0, found.start() - 60) : found.end() + 30]
        for pattern in (KEY, EXPONENT, HYPHEN_MINUS)
        for found in pattern.finditer(text)
    ]


@pytest.mark.parametrize(
    "text, expected",
    [
        ("Choose one_cycle.", 1),
        ("Learning rate 1e-06", 1),
        ("It fell by -0.5.", 1),
        ("Schedule: One-cycle, 0.000001, −0.5, 2026-11-30, own-28x28", 0),
        ("`validation_split=0` <code>batch_size</code> [rate](learn?term=learning_rate)", 0),
    ],
)
def test_the_check_finds_keys_exponents_and_hyphens(text, expected):
    assert len(findings(plain(text))) == expected


@pytest.fixture
def runs(runs_directory) -> list[Run]:
    """A run with many settings and a plain one, both finished with untrained networks, in one sweep with each other."""
    store = RunStore(runs_directory)
    plan = Plan(RICH, (Axis(Setting("schedule"), ("one_cycle", "constant")), Axis(Setting("l2"), (0.000003,))))
    sweep_id = new_id()
    made = [store.create(config, owner_hash(ME), group=sweep_id) for config in plan.configs]
    made.append(store.create(TINY, owner_hash(ME)))
    for place, run in enumerate(made):
        run.network_file.write_bytes(onnx_writer.to_onnx(model.weights(model.build(run.config)), run.config))
        numbers = {"step": 23, "loss": 0.0000012, "accuracy": 0.5, "val_loss": 1.5, "val_accuracy": 0.4 + 0.1 * place}
        epoch = {"kind": "epoch", "epoch": 1, **numbers, "seconds": 1.0, "learning_rate": run.config.learning_rate}
        (run.path / "history.jsonl").write_bytes(json_line(epoch) + json_line({**epoch, "epoch": 2, "step": 46}))
        run.update(phase="finished", test_accuracy=0.5, device="CPU", data="MNIST", seconds=3.0, steps=46, examples=450)
    Sweeps(runs_directory / "sweeps").save(
        Sweep(sweep_id, plan, tuple(run.id for run in made[:2]), 1e9, owner_hash(ME))
    )
    return made


def queries(page: str, runs: list[Run]) -> list[dict[str, str]]:
    """Return the links at which a page is looked at."""
    first, second, other = (run.id for run in runs)
    of_run = {"run": first}
    return {
        "draw": [{}, of_run],
        "train": [{}, {"config": RICH.to_link()}, of_run, {"parent": first}, {"preset": "too_fast"}],
        "data": [{}],
        "evaluate": [of_run],
        "inside": [of_run],
        "learn": [{"lesson": str(lesson)} for lesson in range(1, 10)],
        "runs": [{}, of_run, {"group": runs[0].read().group}],
        "compare": [{"runs": f"{first},{other},{second}", "view": view} for view in ("learning", "costs", "errors")]
        + [{"runs": f"{first},{other}", "view": "drawing"}],
        "privacy": [{}],
        "classroom": class_links(runs[0].path.parent),
        "sweep": [of_run, {"config": RICH.to_link()}, {"sweep": runs[0].read().group}],
    }[page]


def class_links(root: Path) -> list[dict[str, str]]:
    """Open a class whose member has trained, and return the link to its teacher's view."""
    classroom, secret = Classrooms(root).open("6b")
    classroom.join(owner_hash(ME), "Ada")
    for digit in range(10):
        classroom.save_drawing(owner_hash(ME), digit, np.linspace(0, 1, 784, dtype=np.float32).reshape(28, 28))
    classroom.change(created=0.0)
    return [{"teach": secret, "class": classroom.code}]


VIEW_KEYS = {"classroom": "class.view", "data": "data_view", "evaluate": "look", "inside": "inside.view"}


@pytest.mark.parametrize("page", [page.name for page in PAGES])
def test_every_page_shows_labels_and_plain_numbers(page, app, runs):
    app.session_state.owner = ME
    app.run()
    if page in ("evaluate", "compare"):
        for run in runs:
            evaluation.evaluate(run.network_file, run.config, datasets.load(), run.path)
    for query in queries(page, runs):
        with case(query):
            app.query_params.clear()
            for name, value in query.items():
                app.query_params[name] = value
            app.switch_page(f"pages/{page}.py").run()
            check(app)
            if any(group.key == "source" for group in app.button_group):
                app.button_group(key="source").set_value("Test digit").run()
                check(app)
            if page in VIEW_KEYS:
                for view in app.button_group(key=VIEW_KEYS[page]).options:
                    with case(view):
                        app.button_group(key=VIEW_KEYS[page]).set_value(view).run()
                        check(app)


def check(app: AppTest) -> None:
    assert not app.exception
    shown = list(page_texts(app))
    assert sum(map(len, shown)) > 200  # the page was read
    assert [finding for text in shown for finding in findings(text)] == []
