"""Helpers for pages in Streamlit's AppTest, without a browser."""

from dataclasses import replace
from typing import Any

from streamlit.testing.v1 import AppTest

from trainer.config.layers import Dense
from trainer.config.training import TrainingConfig
from trainer.runs.run import Run

TINY = TrainingConfig(layers=(Dense(16, "relu"),), epochs=2, batch_size=20, learning_rate=0.1)
DIVERGING = replace(TINY, learning_rate=100.0, layers=(Dense(64, "linear"),) * 4)


def open_page(app: AppTest, page: str, run: Run | str | None = None) -> AppTest:
    """Open a page, optionally with a run in the link; AppTest runs app.py only at the start."""
    app.run()
    if run:
        app.query_params["run"] = run if isinstance(run, str) else run.id
    return app.switch_page(f"pages/{page}.py").run()


def texts(app: AppTest) -> str:
    """Return the texts of the page: Markdown, captions, hints and results."""
    kinds: tuple[Any, ...] = (app.markdown, app.caption, app.info, app.success)
    return "\n".join(element.value for kind in kinds for element in kind)
