"""Predict first: the class says what a training will reach, watches it, and sees who came nearest."""

from __future__ import annotations

import streamlit as st

from trainer import UserError
from trainer.classroom import predictions
from trainer.classroom.charts import prediction_bars
from trainer.classroom.classroom import Classroom, Member
from trainer.classroom.predictions import Outcome, Prediction, Round
from trainer.classroom.teacher import Teacher
from trainer.config.presets import LESSONS, PRESETS
from trainer.runs.run import Run
from trainer.text import counted, listed, percent
from ui import load_control
from ui.address import current_address
from ui.callbacks import attempt
from ui.classroom import shared
from ui.components.plot import plot
from ui.markdown import literal, sentence

POLL_SECONDS = 2.0
_LESSON, _ACCURACY, _OVERFITS = "class.predict.lesson", "class.predict.accuracy", "class.predict.overfits"
OVERFITS_HELP = "It reads the digits that it learned from at least 2 points better than new ones."
MAX_NEAREST = 3  # nicknames that are named


def render(classroom: Classroom, member: Member) -> None:
    """Render for a member: the question, their prediction while the network trains, and how it ended."""
    st.fragment(_render, run_every=load_control.poll_seconds(POLL_SECONDS))(classroom, member)


def _render(classroom: Classroom, member: Member) -> None:
    try:
        now = _current(classroom)
        if now is None:
            return
        with st.container(border=True, key="class.predict"):
            own = now.of(member.owner)
            if now.is_open:
                _render_question(classroom, member, now, own)
            else:
                _render_training(classroom, now, own)
    except UserError as error:
        st.warning(sentence(str(error)))


def _render_question(classroom: Classroom, member: Member, now: Round, own: Prediction | None) -> None:
    st.markdown(f"**What will it reach?** {_lesson(now)}")
    st.slider(
        "Of 100 test digits it will read",
        0.0,
        100.0,
        90.0,
        0.5,
        format="%g",
        help="Guessing alone would read 10.",
        width=420,
        key=_ACCURACY,
    )
    st.toggle("It will overfit", help=OVERFITS_HELP, key=_OVERFITS)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.button(
            "Predict" if own is None else "Change my prediction",
            type="primary" if own is None else "secondary",
            icon=":material/target:",
            on_click=attempt,
            args=(_predict, classroom, member, now.number),
            key="class.predict.save",
        )
        if own is not None:
            st.markdown(f"You predict **{_in_words(own)}**.")


def _predict(classroom: Classroom, member: Member, number: int) -> None:
    accuracy, overfits = st.session_state[_ACCURACY] / 100, bool(st.session_state[_OVERFITS])
    predictions.predict(classroom, member.owner, number, accuracy, overfits)
    shared.expire(("round", classroom.code))


def _render_training(classroom: Classroom, now: Round, own: Prediction | None) -> None:
    """Render what is known of the training that was predicted, and the histogram once it has ended."""
    run: Run | None = st.session_state.engine.runs.get(now.run)
    if run is None:
        st.caption("The training that was predicted is deleted.")
        return
    outcome = Outcome.of(run.state)
    said = f"You predicted **{_in_words(own)}**." if own else ""
    if outcome is None:
        st.markdown(f"**{_title(now)} trains.** {counted(len(now.predictions), 'prediction')}. {said}")
        st.page_link("pages/train.py", label="Watch it", icon=":material/model_training:", query_params={"run": run.id})
        return
    predictions.keep(run, now, outcome)
    st.markdown(
        f"**{_title(now)} reads {percent(outcome.accuracy)} of the test digits{_overfitting(outcome)}.** {said}"
    )
    if now.predictions:
        accuracies = [one.accuracy for one in now.predictions]
        plot(
            prediction_bars(accuracies, outcome.accuracy, own.accuracy if own else None),
            "class.predict.bars",
            alt=f"{counted(len(accuracies), 'prediction')} from {percent(min(accuracies))} to "
            f"{percent(max(accuracies))}; it reached {percent(outcome.accuracy)}",
        )
        st.markdown(_verdict(classroom, now, outcome))


def _verdict(classroom: Classroom, now: Round, outcome: Outcome) -> str:
    """Return who came nearest, and how many were right about overfitting."""
    names = {member.owner: member.nickname for member in classroom.members()}
    nearest = [names.get(one.owner, "") for one in outcome.nearest(now.predictions)]
    others = len(nearest) - MAX_NEAREST
    named = [literal(name) for name in nearest[:MAX_NEAREST]] + ([f"{others} more"] if others > 0 else [])
    text = f"Nearest: **{listed(named)}**."
    if outcome.overfits is not None:
        right = sum(one.overfits == outcome.overfits for one in now.predictions)
        text += f" {right} of {len(now.predictions)} were right about overfitting."
    return text


def _overfitting(outcome: Outcome) -> str:
    return "" if outcome.overfits is None else " and overfits" if outcome.overfits else " and does not overfit"


def _in_words(one: Prediction) -> str:
    return f"{percent(one.accuracy)}, {'' if one.overfits else 'no '}overfitting"


def _title(now: Round) -> str:
    return PRESETS[now.preset].title if now.preset in PRESETS else "The network"


def _lesson(now: Round) -> str:
    """Return what is trained; its note would give the answer away."""
    config = PRESETS[now.preset].config if now.preset in PRESETS else None
    return f"{_title(now)}: {counted(config.epochs, 'epoch')}." if config else _title(now)


def _current(classroom: Classroom) -> Round | None:
    return shared.shared(("round", classroom.code), lambda: predictions.current(classroom))


# --- the teacher ------------------------------------------------------------------------------------------------


def render_teacher(teacher: Teacher) -> None:
    """Render the round that goes on, and the choice of another one."""
    st.fragment(_render_round, run_every=load_control.poll_seconds(POLL_SECONDS))(teacher)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.selectbox(
            "Lesson",
            [name for names in LESSONS.values() for name in names],
            format_func=lambda name: PRESETS[name].title,
            width=320,
            key=_LESSON,
        )
        st.button(
            "Ask for predictions",
            icon=":material/target:",
            help="Every pupil is asked what this network will reach. Then you start its training.",
            on_click=attempt,
            args=(_ask, teacher),
            key="class.predict.ask",
        )


def _render_round(teacher: Teacher) -> None:
    try:
        now = _current(teacher.classroom)
        if now is None:
            st.caption("Let the class predict what a network will reach before it trains. Pupils see it on their page.")
            return
        with st.container(border=True, key="class.predict"):
            if now.is_open:
                count = f"{len(now.predictions)} of {counted(len(teacher.classroom.members()), 'pupil')}"
                st.markdown(f"**{_lesson(now)}** {count} have predicted.")
                st.button(
                    "Start the training",
                    type="primary",
                    icon=":material/play_arrow:",
                    on_click=attempt,
                    args=(_start, teacher, now),
                    key="class.predict.start",
                )
            else:
                _render_training(teacher.classroom, now, None)
            st.button("Remove", type="tertiary", on_click=attempt, args=(_remove, teacher), key="class.predict.remove")
    except UserError as error:
        st.warning(sentence(str(error)))


def _ask(teacher: Teacher) -> None:
    teacher.check()
    predictions.ask(teacher.classroom, st.session_state[_LESSON])
    shared.expire(("round", teacher.classroom.code))


def _start(teacher: Teacher, now: Round) -> None:
    """Start the training as the teacher's own, unless another tab has."""
    teacher.check()
    known = predictions.current(teacher.classroom)
    if known is not None and known.number == now.number and known.is_open:
        run_id = st.session_state.engine.submit(
            PRESETS[now.preset].config, st.session_state.owner, address=current_address()
        )
        predictions.begin(teacher.classroom, now.number, run_id)
    shared.expire(("round", teacher.classroom.code))


def _remove(teacher: Teacher) -> None:
    teacher.check()
    predictions.remove(teacher.classroom)
    shared.expire(("round", teacher.classroom.code))
