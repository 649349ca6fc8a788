"""Three lesson plans of 45 minutes for a class, each step with the page that it needs.

`python -m docs.teaching` writes them as docs/teaching.md, with a worksheet for each. Longer than 300 lines because
it is one table.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from trainer.config.presets import PRESETS

MINUTES = 45


@dataclass(frozen=True)
class Step:
    """Part of a lesson."""

    minutes: int
    title: str
    task: str  # what the class does, said to the teacher
    page: str  # name of the page that everybody opens
    query: Mapping[str, str] = field(default_factory=dict)  # of its address: the exact state
    trouble: str = ""  # what usually goes wrong, and what to do


@dataclass(frozen=True)
class Question:
    """Question of a worksheet."""

    text: str
    lines: int  # to write on
    answer: str


@dataclass(frozen=True)
class Plan:
    """A lesson for a class."""

    name: str  # of its worksheet, docs/worksheets/NAME.html
    title: str
    aim: str  # what a pupil can say afterwards
    steps: tuple[Step, ...]
    questions: tuple[Question, ...]


_MORE_DIGITS = replace(PRESETS["overfit"].config, training_examples=20_000, epochs=10)

PLANS = (
    Plan(
        "learning",
        "What is learning?",
        "A network starts with random numbers. It learns from labeled examples by small steps that reduce its error. "
        "What counts is how well it does on examples that it has not seen.",
        (
            Step(
                5,
                "A machine that reads",
                "Everybody draws a few digits and watches the ten bars move while the pen does. Collect on the board: "
                "how might it know? Is there a rule for a 3?",
                "draw",
                trouble="Somebody draws a letter or fills the paper: the app says that it does not look like a digit. "
                "Ask why a machine should be able to say that.",
            ),
            Step(
                8,
                "A digit is 784 numbers",
                "Go through the lesson on examples together. Let a pupil explain what a label is, and why some digits "
                "are kept for the test.",
                "learn",
                {"lesson": "1"},
            ),
            Step(
                8,
                "One neuron",
                "In pairs: move the weights until the neuron tells the two digits apart. What does a large weight say "
                "about its pixel?",
                "learn",
                {"lesson": "2"},
            ),
            Step(
                12,
                "Ten neurons learn",
                "Everybody notes a guess on the worksheet: how many of 100 new digits will it read? Then press Train. "
                "Watch the ten pictures of weights: they turn into ghosts of the digits.",
                "train",
                {"preset": "perceptron"},
                "Thirty trainings wait in a queue on a small server, each for a few seconds. Let every second pupil "
                "press Train, or train once on the projector.",
            ),
            Step(
                8,
                "More layers",
                "The same again with two hidden layers. Compare the curves with the guess, and with the ten neurons.",
                "train",
                {"preset": "tutorial_a_faster"},
                "It takes half a minute or more: press Train first, then collect the guesses.",
            ),
            Step(
                4,
                "Your network reads you",
                "Everybody draws with the network that they have just trained. Where does it fail? Complete the "
                "sentence: learning means ...",
                "draw",
                trouble="The ready-made network still answers: choose your own one at the top of the page.",
            ),
        ),
        (
            Question(
                "How many numbers does the network get for one digit, and what do they say?",
                2,
                "784, one for each "
                "of 28 × 28 pixels: 0 for paper, 1 for ink, and what lies between for the edge of a stroke.",
            ),
            Question(
                "My guess: of 100 new digits, ten neurons will read ___ . They read ___ .",
                1,
                "About 92. Guessing blindly would give 10.",
            ),
            Question(
                "Draw the picture of weights of one neuron. Which digit is it for?",
                5,
                "Light where ink speaks for "
                "the digit, dark where ink speaks against it: the picture for 0 is dark in the middle.",
            ),
            Question(
                "Why are 10,000 digits kept aside, and never learned from?",
                3,
                "To see whether the network reads "
                "digits that it has not seen. It might have memorized those that it has.",
            ),
            Question(
                "What happens in one step of learning?",
                3,
                "The network reads a few examples, the loss says how "
                "wrong it was, and every weight is moved a little in the direction that reduces the loss.",
            ),
        ),
    ),
    Plan(
        "overfitting",
        "Overfitting",
        "A network can memorize its examples and still read new ones badly. The gap between the two curves shows it; "
        "more examples or dropout close it.",
        (
            Step(
                5,
                "Learning by heart",
                "Ask: who passes a vocabulary test best, who knows the list by heart or who speaks the language? And "
                "if the words are new? Then open the lesson and move its slider.",
                "learn",
                {"lesson": "8"},
            ),
            Step(
                12,
                "A network memorizes",
                "A quarter of a million weights, 500 digits. Before Train, everybody draws on the worksheet how the "
                "two curves of the loss will go on for 40 epochs. Then watch: after about six epochs they part.",
                "train",
                {"preset": "overfit"},
                "The accuracy looks fine at first sight. Point at the dashed curve of the loss: it is the one that "
                "turns.",
            ),
            Step(
                10,
                "Drop half of it",
                "The same network, but in each step half of its units are left out. Predict first: will the training "
                "curve get better or worse, and the validation curve?",
                "train",
                {"preset": "dropout"},
            ),
            Step(
                10,
                "More examples",
                "The first network again, with 10,000 digits in place of 500. Which of the two remedies helps more? "
                "Compare all three runs on Compare.",
                "train",
                {"config": _MORE_DIGITS.to_link()},
                "Whoever changes more than one thing at a time learns nothing from the comparison: the page marks what "
                "differs from the last run.",
            ),
            Step(
                5,
                "Side by side",
                "Choose the three runs. At which epoch would you have stopped the first one?",
                "compare",
            ),
            Step(
                3,
                "Where else?",
                "Collect examples: an app that knows the faces of one school only, a forecast that fits last year. "
                "Write down how one would notice.",
                "learn",
                {"lesson": "8"},
            ),
        ),
        (
            Question(
                "Sketch both curves of the loss for 500 digits: training and validation. Mark where they part.",
                6,
                "Both fall at first. After about six epochs the validation loss rises again, while the training "
                "loss falls to 0.",
            ),
            Question(
                "What does the network read right at the end: its 500 digits ___ %, new ones ___ %.",
                1,
                "100 % of its own, about 82 % of the validation digits.",
            ),
            Question(
                "Dropout makes the training curve worse and the validation curve better. Why?",
                3,
                "Half of the units are missing in each step, so it cannot rely on a single one, and memorizing gets "
                "harder. What it learns must work in more than one way, which also holds for new digits.",
            ),
            Question(
                "What helps more here, dropout or twenty times as many digits?",
                2,
                "More digits: about 95 % of the validation digits are read right, against 84 to 86 % with dropout and "
                "82 % with neither.",
            ),
            Question(
                "At which epoch would you stop, and how would you know without looking at the test digits?",
                3,
                "Where the validation loss is lowest, after about six epochs. That is what validation digits and "
                "early stopping are for.",
            ),
        ),
    ),
    Plan(
        "handwriting",
        "Whose handwriting?",
        "A network reads the people it has learned from. 99 % on the usual test says nothing about people who write "
        "differently; only their own digits do.",
        (
            Step(
                4,
                "99 %, of whom?",
                "The digits of MNIST were written by employees of the American census and by high-school students, "
                "about 1990. Look at the ones and the sevens. Does anybody here write them differently?",
                "data",
            ),
            Step(
                8,
                "Our own test",
                "Open the drawing round: everybody draws ten digits as they usually write, not as the network might "
                "like them. They become the class's digits, without names.",
                "classroom",
                trouble="Pupils who draw as neatly as they can make the test too easy. Say: as in your own notebook.",
            ),
            Step(
                12,
                "Train and predict",
                "Everybody predicts first: how many of 100 digits of MNIST will this network read, and how many of "
                "ours? Then train it.",
                "train",
                {"preset": "quick_cnn"},
                "It takes 20 seconds alone, and longer in a queue: groups of three are enough.",
            ),
            Step(
                10,
                "The board",
                "Compare the two scores. Which digit is read wrong most often, and by how many networks? Whose "
                "handwriting is hardest (numbers, not names)? What have these writers in common?",
                "classroom",
                trouble="Thirty pupils are 300 digits: two points of difference may be chance. The interval beside the "
                "score says so.",
            ),
            Step(
                8,
                "Make it fair",
                "Save ten drawings of your own with “I meant” and fine-tune the network on them. Does it read you "
                "better now? Does it still read MNIST, and your neighbor?",
                "draw",
            ),
            Step(
                3,
                "Who decides?",
                "A bank reads handwritten forms by machine. Who is misread more often than others, who notices, and "
                "who should test it before it is used?",
                "classroom",
            ),
        ),
        (
            Question(
                "Who wrote the digits that most networks in the world learn from?",
                2,
                "Employees of the US Census Bureau and American high-school students: about 500 people, about 1990.",
            ),
            Question(
                "Write your own 1, 4, 7 and 9. Circle what a network might not expect.",
                4,
                "A 1 with a long flag or "
                "a foot, an open 4, a 7 with a bar, a 9 with a hook: common in Europe, rare in MNIST.",
            ),
            Question(
                "My bet: MNIST ___ of 100, our class ___ of 100. Measured: ___ and ___ .",
                1,
                "About 99 of 100 for MNIST. The class's figure is usually lower.",
            ),
            Question(
                "Why is 93 of 100 not certainly better than 91 of 100?",
                3,
                "Another 100 digits would give other "
                "figures. With 100 digits, chance alone makes a difference of five or six.",
            ),
            Question(
                "After fine-tuning, my digits are read better. What might have become worse, and how would you find "
                "out?",
                3,
                "Other people's digits: test the network on MNIST and on the class's digits, before and after.",
            ),
        ),
    ),
)
