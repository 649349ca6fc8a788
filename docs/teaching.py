"""Write docs/teaching.md and the worksheets from the lesson plans: `python -m docs.teaching`."""

from pathlib import Path
from urllib.parse import urlencode

from markupsafe import Markup

from trainer.lessons.plans import MINUTES, PLANS, Plan, Question, Step
from ui.entry import PAGES

FOLDER = Path(__file__).parent
PAGE = FOLDER / "teaching.md"
WORKSHEETS = FOLDER / "worksheets"
SERVER = "http://localhost:8501"  # of a server on one's own computer
TITLES = {page.name: page.title for page in PAGES}

INTRODUCTION = f"""# Teaching with Digit Lab

`python -m docs.teaching` writes this page and the worksheets from
[`trainer/lessons/plans.py`](../trainer/lessons/plans.py): change the plans, not this page.

Three lessons of {MINUTES} minutes for pupils from about twelve years. None needs programming; the second and the third
need only what the first has shown. Start the server with `python run.py --class`: it prints the address and the code
for the pupils, and the teacher's link. Nobody needs an account, and nothing leaves the computer. A phone for every two
pupils is enough; one projector helps.

The links open each step as it is meant, on a server on your own computer. On another one, put its address in place of
`{SERVER}`. Worksheets print on one or two pages; the answers are on a page of their own at the end.
"""

STYLE = Markup("""
body { font: 16px/1.5 system-ui, sans-serif; max-width: 42em; margin: 2em auto; padding: 0 1em; }
h1 { font-size: 1.5em; }
.name { float: right; font-weight: normal; }
.line { border-bottom: 1px solid #888; height: 2.1em; }
li { margin-bottom: 1.2em; break-inside: avoid; }
.answers { break-before: page; }
@media print { body { margin: 0; max-width: none; } }
""")


def address(step: Step) -> str:
    """Return the address of the page that a step needs."""
    return f"{SERVER}/{step.page}{'?' if step.query else ''}{urlencode(step.query)}"


def page() -> str:
    """Return docs/teaching.md."""
    return "\n".join([INTRODUCTION, *map(_plan, PLANS)])


def _plan(plan: Plan) -> str:
    rows = [
        f"| {step.minutes} | **{step.title}** | {step.task} | [{TITLES[step.page]}]({address(step)}) |"
        for step in plan.steps
    ]
    troubles = [f"- {step.title}: {step.trouble}" for step in plan.steps if step.trouble]
    worksheet = f"[Worksheet with answers](worksheets/{plan.name}.html)"
    return "\n".join(
        [
            f"## {plan.title}",
            "",
            plan.aim,
            "",
            "| minutes | step | what the class does | page |",
            "|--:|:--|:--|:--|",
            *rows,
            "",
            f"{worksheet}. What usually goes wrong:",
            "",
            *troubles,
            "",
        ]
    )


def worksheet(plan: Plan) -> str:
    """Return the worksheet of a plan as an HTML page to print."""
    questions = Markup("").join(_question(question) for question in plan.questions)
    answers = Markup("").join(Markup("<li>{}</li>\n").format(question.answer) for question in plan.questions)
    return Markup(
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width">\n<title>{}</title>\n<style>{}</style>\n</head>\n<body>\n'
        '<h1>{} <span class="name">Name: ________________</span></h1>\n<ol>\n{}</ol>\n'
        '<section class="answers">\n<h1>{}: answers</h1>\n<ol>\n{}</ol>\n</section>\n</body>\n</html>\n'
    ).format(plan.title, STYLE, plan.title, questions, plan.title, answers)


def _question(question: Question) -> Markup:
    lines = Markup('<div class="line"></div>') * question.lines
    return Markup("<li>{}{}</li>\n").format(question.text, lines)


def files() -> dict[Path, str]:
    """Return what is written, by path."""
    return {PAGE: page(), **{WORKSHEETS / f"{plan.name}.html": worksheet(plan) for plan in PLANS}}


if __name__ == "__main__":
    WORKSHEETS.mkdir(exist_ok=True)
    for path, text in files().items():
        path.write_text(text, encoding="utf-8")
