"""The deletion of everything that the server keeps of a visitor."""

from __future__ import annotations

from functools import partial

import streamlit as st

from trainer.my_data import Inventory, MyData
from trainer.text import counted, listed
from ui import background, load_control
from ui.background import Task
from ui.markdown import literal, sentence
from ui.privacy import copies

_ASK = "my_data.ask"  # session key: whether the deletion waits for its confirmation
_ENDED = "my_data.ended"  # session key: the error of the last deletion, as a sentence, or ""
_KEPT = ("engine", "owner")  # session keys that a deletion leaves


def is_running() -> bool:
    """Tell whether everything of this visitor is being deleted, here or in another tab."""
    task = background.find(_key())
    return task is not None and not task.done


def render_progress() -> None:
    """Render how far the deletion is; the page reruns when it has ended."""
    task = background.find(_key())
    if task:
        background.render_progress(task, _describe)


def end() -> None:
    """Note how a deletion has ended, once, and forget what this tab remembers of drawings and forms."""
    task = background.find(_key())
    if task is None or not task.done:
        return
    background.forget(_key())
    for key in [key for key in st.session_state if key not in _KEPT]:
        del st.session_state[key]
    st.session_state[_ENDED] = task.error


def render_result(there: Inventory) -> None:
    """Say how the last deletion has ended, until there is something new."""
    error = st.session_state.get(_ENDED)
    if error:
        st.error(sentence(error))
    elif error is not None and there.is_empty:
        st.success("Everything is deleted. Nothing of it is in the trash.", icon=":material/check:")


def render_button(there: Inventory) -> None:
    """Render the button that asks for the deletion."""
    st.button(
        "Delete everything now",
        icon=":material/delete_forever:",
        help="Deletes all that is listed here after you confirm it. It cannot be restored.",
        on_click=lambda: st.session_state.update({_ASK: True}),
        disabled=bool(st.session_state.get(_ASK)) or (there.is_empty and not there.drawing_bytes),
        key="my_data.ask_delete",
    )


def render_confirmation(data: MyData, there: Inventory) -> None:
    """Say what goes, and ask whether it may."""
    if not st.session_state.get(_ASK):
        return
    with st.container(border=True, width=640, key="my_data.confirm"):
        st.markdown(
            f"**Delete {literal(_listed(there))}?** It is gone at once and cannot be restored. Trainings that still go "
            "on are stopped first. What others made of your networks stays theirs. The cookie stays: a random token, "
            "under which nothing is kept any more."
        )
        with st.container(horizontal=True):
            st.button("Delete it all", type="primary", on_click=_start, args=(data,), key="my_data.delete")
            st.button("Keep it", on_click=lambda: st.session_state.pop(_ASK, None), key="my_data.keep")


def _listed(there: Inventory) -> str:
    parts = [
        counted(number, noun)
        for number, noun in ((there.drawings, "drawing"), (there.runs + there.deleted_runs, "run"))
        if number
    ]
    parts += [counted(there.datasets, "data set")] if there.datasets else []
    for title, nickname, digits in there.classes:
        parts.append(f"your nickname {nickname} and {counted(digits, 'digit')} in {title}")
    return listed([*parts, "your choices"])


def _start(data: MyData) -> None:
    st.session_state.pop(_ASK, None)
    copies.forget(load_control.current_visitor())
    background.start(
        _key(), partial(_delete, data), failure="Not everything could be deleted", folder="runs and drawings"
    )


def _delete(data: MyData, progress: background.Progress) -> None:
    data.delete(progress)


def _key() -> tuple[str, str]:
    return "deletion of my data", load_control.current_visitor()


def _describe(task: Task) -> tuple[float, str]:
    return task.fraction, f"Deleting … {task.activity}"
