"""Watching a run: its progress and its steering, its curves, what it reads, and a replay of it all."""

import streamlit as st

from trainer import UserError, catalogue
from trainer.analysis.learning_curves import learning_curves, rate_curve
from trainer.config import TrainingConfig
from trainer.engine import Engine
from trainer.figures.images import test_digits
from trainer.figures.signed import weight_sheet
from trainer.files import Record
from trainer.limits import LIMITS, MEANINGS
from trainer.owner import owner_hash
from trainer.progress import Progress, epochs_done, progress
from trainer.runs.requests import Requests
from trainer.runs.run import Run
from trainer.runs.state import State
from trainer.summary import summarise
from widgets import continuing, crowd, editor, followed, label, landing, takehome
from widgets.glossary import explained
from widgets.plot import plot
from widgets.texts import literal, sentence

PLAY = 0.5  # seconds between two pictures of a replay
PREVIOUS = 2  # own runs that are shown beside it at first
COMPARED = 5  # and at most
EARLIER = 15  # runs to choose from


def show(run: Run, config: TrainingConfig, scroll: bool = False) -> None:
    """Show a run, live or ended; while it lives this looks again and again. `scroll` brings it into view."""
    state = run.state
    landing.here(scroll, "scroll")
    show_heading(run, state)
    if state.ended or state.phase == "paused":
        if state.phase != "paused":
            show_result(run, state, config)
        every = PLAY if st.session_state.get("playing") == run.id else None
        st.fragment(look_back, run_every=every)(run, config)
    else:
        every = crowd.pace()
        st.fragment(look, run_every=every)(run, config, every)


def show_nothing(config: TrainingConfig) -> None:
    """Show where the curves of a first run will be."""
    st.info("Press Train: the curves appear here, and grow while the network learns.")
    show_curves(None, [], Requests.of(config, ()), 0, config)


# --- live -----------------------------------------------------------------------------------------------------


def look(run: Run, config: TrainingConfig, every: float) -> None:
    """Show how a live run stands; when it ends, or the crowd becomes another, the whole page is shown anew."""
    state = run.state
    if state.ended or state.phase == "paused" or crowd.pace(now=every) != every:
        st.rerun()
    with crowd.turn:
        wishes, history = run.requests, st.session_state.engine.runs.history(run)
        show_progress(run, state, wishes, history)
        steer(run, state, wishes, history)
        show_panels(run, state, wishes, history, config)


def show_progress(run: Run, state: State, wishes: Requests, history: list[Record]) -> None:
    """Say how far a live run is, in one line and a bar."""
    now = progress(history, state.steps, state.examples, wishes.epochs, state.begun)
    if state.phase == "queued":
        show_queue(run)
    elif wishes.end:
        st.progress(now.share if now else 0.0, "Pausing …" if wishes.end == "pause" else "Stopping: it is kept …")
    elif state.activity != "training":
        st.progress(1.0 if now else 0.0, f"{state.activity[:1].upper()}{state.activity[1:]} …")
    elif now is None or now.step <= state.begun:
        st.progress(now.share if now else 0.0, "Compiling the network …")
    else:
        thing = catalogue.kind(run.config.dataset).thing if run.config else "digit"
        st.progress(now.share, progress_text(now, state, history, f"{thing}s"))


def progress_text(now: Progress, state: State, history: list[Record], things: str) -> str:
    memory = next((line["memory"] for line in reversed(history[-60:]) if "memory" in line), None)
    parts = [f"Epoch {now.epoch} of {now.epochs}", f"step {(now.step - 1) % now.steps + 1:,} of {now.steps:,}"]
    if now.seconds_left is not None and now.digits_a_second is not None:
        parts += [f"{seconds_text(now.seconds_left)} left", f"{now.digits_a_second:,.0f} {things}/s"]
    if state.phase == "running" and (rate := history[-1].get("learning_rate")):
        parts.append(f"rate {rate:.2g}")
    parts += [sentence(state.device), *([f"{memory / 1e9:.1f} GB"] if memory else [])]
    return " · ".join(parts)


def seconds_text(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 100 else f"{seconds / 60:.0f} min"


def show_queue(run: Run) -> None:
    """Say when a waiting run starts, and what to do meanwhile."""
    engine: Engine = st.session_state.engine
    place = engine.position(run.id)
    if not place or not engine.slots:
        st.progress(0.0, "Getting a training process ready: Keras takes some seconds to load …")
        return
    wait = engine.wait(run.id)
    about = f" It starts in about {seconds_text(wait)}." if wait is not None else ""
    st.progress(0.0, f"Waiting: place {place} in the queue, {engine.slots} trainings run at once.{about}")
    with st.container(horizontal=True, vertical_alignment="center", key="meanwhile"):
        st.caption("Meanwhile:")
        for other in [other for other in engine.runs.runs()[:30] if other.state.phase == "running"][:4]:
            st.page_link("pages/train.py", label=f"watch {literal(other.read().name)}", query_params={"run": other.id})
        st.page_link("pages/draw.py", label="draw with a network that is ready")


# --- steering -------------------------------------------------------------------------------------------------


def steer(run: Run, state: State, wishes: Requests, history: list[Record]) -> None:
    """Show what can be done with this run now: its owner may steer it, everybody may draw with it."""
    mine = state.owner == owner_hash(st.session_state.owner)
    with st.container(horizontal=True, vertical_alignment="bottom", key="steering"):
        if mine:
            ask_steering(run, state, wishes, history)
        else:
            st.caption("Somebody else's run: watch it, and draw with its network.")
        st.space("stretch")
        if run.network and state.ended:
            continuing.offer(run)
            with st.popover("Take home", icon=":material/download:", help="The network, its numbers, a report"):
                takehome.offer(run)
        if run.network:
            use(run, state)


def use(run: Run, state: State) -> None:
    """Lead to the pages that show what this network can do."""
    if state.ended:
        for label, icon, page in (("Evaluate", "fact_check", "evaluate"), ("Look inside", "visibility", "inside")):
            if st.button(label, icon=f":material/{icon}:", key=f"use.{page}"):
                st.switch_page(f"pages/{page}.py", query_params={"run": run.id})
    config = run.config
    if config and catalogue.kind(config.dataset).digits:
        if st.button("Draw with it", type="primary", icon=":material/draw:", key="draw"):
            st.switch_page("pages/draw.py", query_params={"run": run.id})


def ask_steering(run: Run, state: State, wishes: Requests, history: list[Record]) -> None:
    """Show the buttons that a run understands now."""
    done = max((line.get("epoch", 0) for line in history if line.get("kind") == "epoch"), default=0)
    live, paused = state.live, state.phase == "paused"
    if live:
        ask(run, "pause", "Pause", "pause", "Rest here and make room for others; Resume goes on at the same step.")
    elif paused or (run.read().can_resume and done < wishes.epochs):
        ask(run, "resume", "Resume", "play_arrow", "Go on where it was, weights, optimizer and chance included.")
    if live or paused:
        ask(run, "stop", "Stop", "stop", "Stop here, keep what it has learned, and be tested.")
    if live or paused or run.read().can_resume:
        more = (wishes.epochs if live or paused else done) + 1
        if more <= LIMITS["epochs"].high:
            ask(run, "epochs", "One epoch more", "exposure_plus_1", f"Go on until {more} epochs are done.", value=more)
        ask_learning_rate(run, wishes)


def ask(run: Run, kind: str, label: str, icon: str, tip: str, **values: object) -> None:
    """Show a button that asks something of the run."""
    if st.button(label, icon=f":material/{icon}:", help=tip, key=f"steer.{kind}"):
        try:
            st.session_state.engine.request(run.id, kind, st.session_state.owner, **values)
        except UserError as error:
            st.toast(str(error), icon=":material/error:")
        else:
            st.rerun()


def ask_learning_rate(run: Run, wishes: Requests) -> None:
    """Ask for the learning rate of a run that has begun; nothing starts over."""

    def change() -> None:
        engine, owner = st.session_state.engine, st.session_state.owner
        try:
            engine.request(run.id, "learning_rate", owner, value=st.session_state[key])
        except UserError as error:
            st.toast(str(error), icon=":material/error:")

    key, limit = f"rate.{run.id}", LIMITS["learning_rate"]
    st.number_input(
        "Learning rate from now on",
        float(limit.low),
        float(limit.high),
        wishes.learning_rate,
        wishes.learning_rate / 10,
        "%.6g",
        key=key,
        on_change=change,
        help=explained(MEANINGS["learning_rate"]) + " It changes while the network learns, and nothing starts over.",
        width=190,
    )


# --- ended ----------------------------------------------------------------------------------------------------


def look_back(run: Run, config: TrainingConfig) -> None:
    """Show a run that rests or has ended, at its end or, by the slider, at any time of it."""
    state, wishes, history = run.state, run.requests, st.session_state.engine.runs.history(run)
    if not state.ended and state.phase != "paused":
        st.rerun()  # resumed, in another tab
    if state.phase == "paused":
        st.info("Paused: others can use its place. Resume goes on at the same step.")
    steer(run, state, wishes, history)
    show_panels(run, state, wishes, history, config, replay(run, state, history))


def replay(run: Run, state: State, history: list[Record]) -> int | None:
    """Show the slider through the training and return the step to look at, or None for the end."""
    snapshots = run.snapshots()
    steps = {line["step"] for line in history if line.get("kind") == "epoch" and "step" in line}
    steps |= set() if snapshots is None else set(snapshots[0].tolist())
    if len(steps) < 2 or not state.steps:
        return None
    times, key = sorted(steps), f"replay.{run.id}"
    playing = st.session_state.get("playing") == run.id
    if playing:
        place = times.index(st.session_state[key]) + 1 if st.session_state.get(key) in times else 0
        st.session_state[key] = times[min(place, len(times) - 1)]
    with st.container(horizontal=True, vertical_alignment="bottom", key="replay"):
        if st.button("Pause replay" if playing else "Replay", icon=":material/history:", key="play", help=REPLAY):
            st.session_state.playing = None if playing else run.id
            if not playing and st.session_state.get(key, times[-1]) == times[-1]:
                st.session_state[key] = times[0]
            st.rerun()
        at = st.select_slider(
            "Replay the training",
            times,
            st.session_state.get(key, times[-1]),
            format_func=lambda step: f"epoch {step / state.steps:.1f}",
            key=key,
            help=REPLAY,
            label_visibility="collapsed",
        )
    if playing and at == times[-1]:
        st.session_state.playing = None
        st.rerun()
    return None if at == times[-1] else at


REPLAY = "Go through the training once more: curves, test images, drawings and weights follow."


def show_result(run: Run, state: State, config: TrainingConfig) -> None:
    """Say what came of a run that has ended, and what to try next."""
    if state.error:
        (st.error if state.phase == "failed" else st.warning)(sentence(state.error))
    history = st.session_state.engine.runs.history(run)
    if state.test_accuracy is not None:
        summary = summarise(
            config, history, state.test_accuracy, state.test_loss, state.examples, state.phase == "stopped"
        )
        thing = catalogue.kind(config.dataset).thing
        with st.container(border=True, key="summary"):
            share = f"{100 * state.test_accuracy:.1f} %"
            st.markdown(f"##### {state.phase.capitalize()}: reads {share} of the test {thing}s")
            st.markdown(" ".join(summary.sentences))
            if account := continuing.account(run, state):
                st.markdown(" ".join(account))
            note = f" · {state.note}" if state.note else ""
            st.caption(f"{state.seconds:.0f} s of training on {sentence(f'{state.device}, with {state.data}{note}')}")
            for place, suggestion in enumerate(summary.suggestions):
                with st.container(horizontal=True, vertical_alignment="center"):
                    st.markdown(f":material/lightbulb: {suggestion.text}")
                    st.button(
                        "Try it",
                        key=f"try.{place}",
                        on_click=editor.load,
                        args=(suggestion.config,),
                        help="Put these settings into the form above; then press Train.",
                    )
    elif state.phase == "interrupted":
        done = epochs_done(history)
        st.caption(f"{done} of {run.requests.epochs} epochs are done.")


# --- what is seen of it ---------------------------------------------------------------------------------------


def show_heading(run: Run, state: State) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        st.subheader(literal(run.read().name), anchor=False, width="content")
        if state.owner == owner_hash(st.session_state.owner):
            label.rename(run)


def show_panels(
    run: Run, state: State, wishes: Requests, history: list[Record], config: TrainingConfig, at: int | None = None
) -> None:
    """Show curves, test digits, weights and drawings as they were at step `at`, or as they are now."""
    show_curves(run, history, wishes, state.steps, config, at)
    left, right = st.columns(2)
    with left:
        show_digits(run, history, at)
    with right:
        show_weights(run, state, at)
    followed.show(st.session_state.engine, run, state, st.session_state.owner, at)


def show_curves(
    run: Run | None,
    history: list[Record],
    wishes: Requests,
    steps: int,
    config: TrainingConfig,
    at: int | None = None,
) -> None:
    view = ask_view(run)
    others = [
        (other.read().name, st.session_state.engine.runs.history(other), other.state.steps) for other in view["others"]
    ]
    for column, measure in zip(st.columns(2), ("loss", "accuracy"), strict=True):
        figure = learning_curves(
            history,
            steps,
            wishes.epochs,
            measure,
            smoothing=view["smoothing"],
            log=view["log"],
            others=others,
            at=at,
            guessing=config.loss == "categorical_crossentropy",
        )
        with column:
            plot(figure, f"curve.{measure}", alt=f"The {measure} over the epochs")
    if view["rate"]:
        plot(
            rate_curve(history, steps, wishes.epochs, at, max(config.learning_rate, wishes.learning_rate)),
            "curve.rate",
            alt="The learning rate over the epochs",
        )


def ask_view(run: Run | None) -> dict:
    """Ask how the curves are drawn, in a popover."""
    with st.popover("View", icon=":material/tune:", type="tertiary", help="Smoothing, a log axis, runs to compare"):
        smoothing = st.slider("Smoothing", 0.0, 0.95, 0.0, 0.05, key="view.smoothing", help="Calms the solid lines.")
        log = st.toggle("Log axis for the loss", key="view.log", help="Shows small losses as well as large ones.")
        rate = st.toggle("Learning rate curve", key="view.rate", help="How large the steps were over the training.")
        others = ask_others(run)
    return {"smoothing": smoothing, "log": log, "rate": rate, "others": others}


def ask_others(run: Run | None) -> list[Run]:
    """Ask which earlier runs are drawn beside this one; at first the last own ones."""
    store, mine = st.session_state.engine.runs, owner_hash(st.session_state.owner)
    earlier = [other for other in store.runs()[:EARLIER] if run and other.id != run.id and other.state.steps]
    names = {other.id: f"{other.read().name}, {other.id[9:11]}:{other.id[11:13]}" for other in earlier}
    own = [other.id for other in earlier if other.state.owner == mine and other.id < (run.id if run else "")]
    key = f"view.others.{run.id if run else ''}"
    if not names:
        return []
    chosen = st.multiselect(
        "Compare with",
        names,
        own[:PREVIOUS],
        format_func=lambda run_id: names.get(run_id, run_id),
        max_selections=COMPARED,
        key=key,
        help="Earlier runs as faint lines.",
    )
    others = [other for other in earlier if other.id in chosen]
    if run and others:
        st.page_link(
            "pages/compare.py",
            label="Compare in full",
            icon=":material/stacked_line_chart:",
            query_params={"runs": ",".join([run.id, *(other.id for other in others)])},
            help="Curves, settings, accuracy and errors of these runs side by side.",
        )
    return others


def show_digits(run: Run, history: list[Record], at: int | None) -> None:
    """Show 16 test digits and what the network says of them after its last epoch."""
    kept = run.digits()
    if kept is None:
        return
    epochs = [line for line in history if "reads" in line and (at is None or line.get("step", 0) <= at)]
    reads = epochs[-1]["reads"] if epochs else None
    images, labels = kept
    config = run.config
    digits = config is None or catalogue.kind(config.dataset).digits
    what = f"Test {catalogue.kind(config.dataset).thing}s" if config else "Test digits"
    st.markdown(f"**{what}**" + (f" after epoch {epochs[-1].get('epoch', '?')}" if epochs else ""))
    right = sum(said == label for said, label in zip(reads or [], labels.tolist(), strict=False))
    alt = f"{right} of {len(labels)} {what.lower()} are read right" if reads else f"16 {what.lower()}, not read yet"
    st.image(test_digits(images, labels, reads, digits), alt=alt, width="stretch")


def show_weights(run: Run, state: State, at: int | None) -> None:
    """Show the first layer's weights as images."""
    kept = run.snapshots()
    if kept is None or not len(kept[0]):
        return
    steps, weights = kept
    place = len(steps) - 1 if at is None else max(0, int((steps <= at).sum()) - 1)
    when = f" at epoch {steps[place] / state.steps:.1f}" if state.steps else ""
    few = f" of {weights.shape[1]} units" if weights.shape[-2:] == (28, 28) else ""
    st.markdown(f"**First layer's weights**{few}{when}: :blue[positive], :orange[negative]")
    picture = weight_sheet(weights[place], float(abs(weights).max()) or None)
    st.image(picture, alt=f"The weights of {weights.shape[1]} units of the first layer", width="stretch")
