"""Lesson plans: their minutes and links, and the pages that are written from them."""

import re

import pytest

from docs import teaching
from trainer.config.presets import PRESETS
from trainer.config.training import TrainingConfig
from trainer.lessons.plans import MINUTES, PLANS, Plan
from ui import entry, learn


@pytest.mark.parametrize("plan", PLANS, ids=lambda plan: plan.name)
def test_a_plan_fills_its_lesson_and_every_step_opens_a_page(plan: Plan) -> None:
    assert sum(step.minutes for step in plan.steps) == MINUTES
    for step in plan.steps:
        assert step.page in {page.name for page in entry.PAGES}
        match dict(step.query):
            case {"preset": preset}:
                assert preset in PRESETS
            case {"config": config}:
                assert TrainingConfig.from_link(config).training_examples == 20_000
            case {"lesson": lesson}:
                assert 1 <= int(lesson) <= len(learn.LESSONS)
            case query:
                assert query == {}


def test_the_written_pages_are_those_of_the_plans() -> None:
    assert {path.parent for path in teaching.files()} == {teaching.FOLDER, teaching.WORKSHEETS}
    for path, text in teaching.files().items():
        assert path.read_text("utf-8") == text, "run python -m docs.teaching"


@pytest.mark.parametrize("plan", PLANS, ids=lambda plan: plan.name)
def test_a_worksheet_has_every_question_and_its_answer(plan: Plan) -> None:
    text = teaching.worksheet(plan)
    assert len(re.findall("<li>", text)) == 2 * len(plan.questions)
    assert "@media print" in text and text.count("<ol>") == 2
