"""Train: choose a network and how it learns, then watch it learn."""

from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from secrets import token_hex

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from trainer import UserError, charts
from trainer.config import OPTIMIZERS, PRESETS, TrainingConfig, parameter_count
from trainer.engine import owner_hash
from trainer.layers import LAYERS, Layer
from trainer.limits import CHOICES, LIMITS, MEANINGS
from trainer.runs import Run, State

if "engine" not in st.session_state:  # the first page a fresh server shows runs without app.py
    st.switch_page("app.py", query_params={**st.query_params.to_dict(), "page": "train"})
engine, owner = st.session_state.engine, st.session_state.owner

GUESSING = 0.15  # of the test digits: what reads fewer has learned nothing
LIST = 375  # pixels that a long list of layers takes, so that the curves stay near
LOOK = 0.8  # seconds between two looks at a run
SETTINGS = ("epochs", "batch_size", "schedule", "validation_split")
MORE = ("kernel_initializer", "training_examples", "seed", "time_limit")
FORMATS = {"learning_rate": "%.6g", "validation_split": "%.2f", "scale": "%.4g"}


@dataclass
class Draft:
    """What the form shows; its layers carry a key each that stays while they move."""

    key: str
    layers: list[tuple[str, Layer]]
    config: TrainingConfig  # what the form began with
    preset: str | None

    @classmethod
    def of(cls, config: TrainingConfig) -> "Draft":
        presets = (name for name, preset in PRESETS.items() if preset.config.layers == config.layers)
        layers = [(token_hex(4), layer) for layer in config.layers]
        return cls(token_hex(4), layers, config, next(presets, None))


def words(name: str) -> str:
    return name.replace("_", " ").capitalize()


def ask(name: str, value: object, key: str) -> object:
    """Ask for one setting with the control that its kind calls for, within its limits."""
    common = {"key": key, "help": MEANINGS[name]}
    if name in CHOICES:
        options = CHOICES[name]
        return st.selectbox(words(name), options, options.index(value), **common)
    if isinstance(value, bool):
        return st.checkbox(words(name), value, **common)
    limit = LIMITS[name]
    if limit.whole:
        return st.number_input(words(name), int(limit.low), int(limit.high), value, **common)
    step = value / 10 if name == "learning_rate" else 0.05
    high = limit.high - 1e-3 if limit.below else limit.high
    return st.number_input(
        words(name), float(limit.low), float(high), float(value), step, FORMATS.get(name, "%.3g"), **common
    )


def choose_preset(draft: Draft) -> None:
    """Show the presets and what to look for in the one that the form began with."""

    def load() -> None:
        if chosen := st.session_state[key]:
            st.session_state.draft = Draft.of(PRESETS[chosen].config)

    key = f"{draft.key}.preset"
    st.pills(
        "Start from",
        PRESETS,
        default=draft.preset,
        format_func=lambda name: PRESETS[name].title,
        key=key,
        on_change=load,
        label_visibility="collapsed",
    )
    st.caption(PRESETS[draft.preset].note if draft.preset else "A network of your own.")


def move(place: int, by: int) -> None:
    layers = st.session_state.draft.layers
    layers[place], layers[place + by] = layers[place + by], layers[place]


def remove(place: int) -> None:
    del st.session_state.draft.layers[place]


def add(kind: str) -> None:
    st.session_state.draft.layers.append((token_hex(4), LAYERS[kind]()))


def button(
    key: str,
    icon: str,
    label: str,
    tip: str,
    action: Callable[..., None],
    arguments: tuple[int, ...],
    off: bool = False,
) -> None:
    """Show a small button that changes the list of layers."""
    st.button(
        label,
        key=f"{key}.{icon}",
        icon=f":material/{icon}:",
        help=tip,
        on_click=action,
        args=arguments,
        disabled=off,
        type="tertiary",
    )


def edit_layer(place: int, key: str, layer: Layer, last: bool) -> tuple[Layer, DeltaGenerator]:
    """Show a layer as a line of the list; return it as it was edited, and the place for its row of the table."""
    names = [item.name for item in fields(layer)]
    shown = names if len(names) <= 2 else ("filters", "activation")
    values = {}
    with st.container(horizontal=True, vertical_alignment="center", gap="xsmall"):
        row = st.container(width=165)
        for name in shown:
            with st.container(width=108):
                values[name] = ask(name, getattr(layer, name), f"{key}.{name}")
        st.space("stretch")
        with st.popover("More", help=f"Move {type(layer).__name__}, and its other settings", type="tertiary"):
            for name in names:
                if name not in shown:
                    values[name] = ask(name, getattr(layer, name), f"{key}.{name}")
            button(key, "arrow_upward", "Move up", "Move up", move, (place, -1), place == 0)
            button(key, "arrow_downward", "Move down", "Move down", move, (place, 1), last)
        button(key, "close", "", f"Remove {type(layer).__name__}", remove, (place,))
    return replace(layer, **values), row


def edit_layers(draft: Draft) -> list[DeltaGenerator]:
    """Show the list of layers, write what was edited into the draft, and return each layer's place for its row."""
    last = len(draft.layers) - 1
    rows = []
    with st.container(height=LIST if last >= 6 else "content", border=False):
        for place, (key, layer) in enumerate(draft.layers):
            layer, row = edit_layer(place, key, layer, place == last)
            draft.layers[place] = (key, layer)
            rows.append(row)
    with st.container(horizontal=True, vertical_alignment="center"):
        kind = st.selectbox("Kind of layer", LAYERS, label_visibility="collapsed", width=220, key="new_layer")
        st.button("Add layer", icon=":material/add:", on_click=add, args=(kind,), key="add_layer")
    return rows


def edit_training(draft: Draft) -> dict[str, object]:
    """Show the settings of the training and return them as they were edited."""
    config, key = draft.config, draft.key
    values: dict[str, object] = {}
    kinds = list(OPTIMIZERS)
    now = type(config.optimizer).__name__
    left, right = st.columns(2)
    kind = left.selectbox("Optimizer", kinds, kinds.index(now), key=f"{key}.optimizer", help=MEANINGS["optimizer"])
    optimizer = config.optimizer if kind == now else OPTIMIZERS[kind]()
    rate = config.learning_rate if kind == now else optimizer.usual_learning_rate
    with right:
        values["learning_rate"] = ask("learning_rate", rate, f"{key}.{kind}.learning_rate")
    for place, name in enumerate(SETTINGS):
        with (right, left)[place % 2 == 0]:
            values[name] = ask(name, getattr(config, name), f"{key}.{name}")
    asked = {}
    with st.expander("More settings"):
        columns = st.columns(2)
        for place, item in enumerate(fields(optimizer)):
            with columns[place % 2]:
                asked[item.name] = ask(item.name, getattr(optimizer, item.name), f"{key}.{kind}.{item.name}")
        for place, name in enumerate(MORE):
            with columns[place % 2]:
                values[name] = ask(name, getattr(config, name), f"{key}.{name}")
    return {**values, "optimizer": replace(optimizer, **asked)}


def shape_text(shape: tuple[int, ...]) -> str:
    return " × ".join(map(str, shape))


def share(part: int, total: int) -> str:
    if not part:
        return ""
    return f"{100 * part / total:.0f} %" if 100 * part >= total else "< 1 %"


def show_rows(config: TrainingConfig, places: list[DeltaGenerator]) -> None:
    """Write beside each layer what becomes of the shape there and how many parameters it has."""
    total = parameter_count(config)
    for row, place in zip((row for row in config.table if not row.implied), places, strict=True):
        count = f" · {row.parameters:,} ({share(row.parameters, total)})" if row.parameters else ""
        with place:
            st.markdown(f"**{row.name}**  \n:small[{shape_text(row.output_shape)}{count}]")
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(f"**{total:,} parameters**, {total * 4 / 1e6:.1f} MB")
        with st.popover("Table", icon=":material/table:", help="What model.summary() shows"):
            show_table(config, total)


def show_table(config: TrainingConfig, total: int) -> None:
    lines = ["| layer | output shape | parameters | share |", "|:--|:--|--:|--:|"]
    for row in config.table:
        lines.append(
            f"| {row.name} | {shape_text(row.output_shape)} | {row.parameters:,} | {share(row.parameters, total)} |"
        )
    st.markdown("\n".join([*lines, f"| total | | **{total:,}** | |"]))
    st.caption("The output layer, 10 units with softmax, one for each digit, is always there.")


def seconds_text(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 100 else f"{seconds / 60:.0f} min"


def show_progress(run: Run, state: State, config: TrainingConfig) -> None:
    """Say how far a live run is, in one line and a bar."""
    if state.phase == "queued" and (place := engine.position(run.id)):
        st.progress(0.0, f"Waiting: place {place} in the queue.")
        return
    batches = [line for line in engine.runs.history(run) if line.get("kind") == "batch"]
    if state.phase == "queued" or not batches:
        doing = state.activity or "getting a training process ready: Keras takes some seconds to load"
        if doing == "training":
            doing = "compiling the network"
        st.progress(0.0, f"{doing[0].upper()}{doing[1:]} …")
        return
    if state.activity != "training":
        st.progress(1.0, f"{state.activity[:1].upper()}{state.activity[1:]} …")
        return
    newest, before = batches[-1], batches[max(0, len(batches) - 26)]
    done, steps = newest["step"], config.epochs * state.steps
    pace = (newest["seconds"] - before["seconds"]) / max(1, done - before["step"]) or newest["seconds"] / done
    speed = f" · {state.examples / state.steps / pace:,.0f} digits/s" if pace else ""
    st.progress(
        min(1.0, done / steps),
        f"Epoch {newest['epoch']} of {config.epochs} · step {(done - 1) % state.steps + 1} of {state.steps} · "
        f"{seconds_text((steps - done) * pace)} left{speed} · {state.device}",
    )


def show_result(run: Run, config: TrainingConfig) -> None:
    """Say what came of a run that has ended."""
    state = run.state
    if state.phase in ("failed", "interrupted", "damaged"):
        (st.error if state.phase == "failed" else st.warning)(state.error)
    ends = [line for line in engine.runs.history(run) if line.get("kind") == "epoch"]
    if state.test_accuracy is not None:
        sentence = (
            f"**{state.phase.capitalize()}: reads {100 * state.test_accuracy:.1f} % of the test digits**, after "
            f"{state.seconds:.0f} s of training on {state.device}, with {state.data}."
        )
        (st.success if state.phase == "finished" else st.info)(sentence)
        last = ends[-1] if ends else {}
        known = [
            f"{part} {100 * last[key]:.1f} %"
            for part, key in (("training", "accuracy"), ("validation", "val_accuracy"))
            if key in last
        ]
        st.caption(
            " · ".join([*known, f"{len(ends)} of {config.epochs} epochs", *([state.note] if state.note else [])])
        )
        if state.test_accuracy < GUESSING:
            rate = config.learning_rate / 10
            st.warning(f"That is no better than guessing (10 %): try a smaller learning rate, such as {rate:g}.")
    elif state.phase == "interrupted":
        st.caption(f"{len(ends)} of {config.epochs} epochs are done.")
    if run.network and st.button("Draw with it", type="primary", icon=":material/draw:", key="draw"):
        st.switch_page("pages/draw.py", query_params={"run": run.id})


@st.fragment(run_every=2 * LOOK)
def await_engine() -> None:
    if engine.ready:
        st.rerun()
    if engine.problem:
        st.warning(engine.problem)
    else:
        st.caption("The training processes are getting ready; you can press Train already.")


@st.fragment(run_every=LOOK)
def watch(run: Run, config: TrainingConfig) -> None:
    """Show a live run until it ends, then let the whole page know."""
    state = run.state
    if state.ended:
        st.rerun()
    with st.container(horizontal=True, vertical_alignment="center"):
        with st.container(width="stretch"):
            show_progress(run, state, config)
        if state.owner == owner_hash(owner):
            if st.button("Stop", icon=":material/stop:", help="Stop here and keep what it has learned", key="stop"):
                engine.request(run.id, "stop", owner)
                st.toast("Stopping: the network is kept.")
    show_curves(run, config)


def show_curves(run: Run | None, config: TrainingConfig) -> None:
    history, steps = (engine.runs.history(run), run.state.steps) if run else ([], 0)
    for column, measure in zip(st.columns(2), ("loss", "accuracy"), strict=True):
        figure = charts.learning_curves(history, steps, config.epochs, measure)
        column.plotly_chart(figure, key=f"curve_{measure}", config={"displayModeBar": False})


def current_run() -> Run | None:
    """Return the run that the URL names, or the one looked at last, or this visitor's own that is not over."""
    asked = st.query_params.get("run")
    if asked and engine.runs.get(asked) is None:
        st.warning("That run is no longer here: its link may be old. Train a new one.")
        return None
    mine = owner_hash(owner)
    live = (run.id for run in engine.runs.runs()[:50] if not (state := run.state).ended and state.owner == mine)
    run_id = asked or st.session_state.get("run") or next(live, "")
    if run := engine.runs.get(run_id):
        st.session_state.run = st.query_params["run"] = run.id
    return run


st.title("Train a network")
run = current_run()
asked = run.config if run else None
draft = st.session_state.setdefault("draft", Draft.of(asked or PRESETS["tutorial_a"].config))
choose_preset(draft)

left, right = st.columns([3, 2])
box = left.container(border=True)
with box:
    st.markdown("##### Layers")
    places = edit_layers(draft)
with right.container(border=True):
    st.markdown("##### Training")
    training = edit_training(draft)
try:
    config = TrainingConfig(layers=tuple(layer for _, layer in draft.layers), dataset="mnist", **training)
    with box:
        show_rows(config, places)
except UserError as error:
    config = None
    box.error(str(error))

with right:
    if st.button(
        "Train", type="primary", icon=":material/play_arrow:", disabled=config is None, key="train", width="stretch"
    ):
        try:
            st.query_params["run"] = engine.submit(config, owner)
            st.rerun()
        except UserError as error:
            st.error(str(error))
    if engine.ready:
        st.caption(f"{engine.slots} trainings run at once on this machine.")
    else:
        await_engine()

if run and asked:
    st.subheader(run.name)
    if config != asked:
        st.caption("The settings above are those of the next run, not of this one.")
    if not run.state.ended:
        watch(run, asked)
    else:
        show_result(run, asked)
        show_curves(run, asked)
elif run:
    show_result(run, draft.config)
else:
    st.info("Press Train: the curves appear here, and grow while the network learns.")
    show_curves(None, config or draft.config)
