"""What the tutorials' programs print and plot, recorded from one run of each on MNIST, and the chart of its curve."""

from __future__ import annotations

from dataclasses import dataclass

from trainer.figures.palette import BLUE, VERMILLION
from trainer.figures.plotly import AXIS, Figure, frame


@dataclass(frozen=True)
class Output:
    """The accuracies after each epoch, the accuracy on the test digits, and the answer for the first of them."""

    accuracies: tuple[float, ...]
    validation: tuple[float, ...]  # accuracies, empty without validation
    test_accuracy: float
    probabilities: tuple[float, ...]  # of the ten digits
    label: int = 7


def _output(accuracies: str, validation: str, test_accuracy: float, probabilities: str) -> Output:
    first, second, third = (tuple(map(float, numbers.split())) for numbers in (accuracies, validation, probabilities))
    return Output(first, second, test_accuracy, third)


OUTPUTS = {  # by preset; recorded with seed 1 on a CPU
    "tutorial_a": _output(
        "0.4955 0.7489 0.8189 0.8491 0.8677 0.8788 0.8856 0.891 0.8956 0.8999 0.9029 0.9057 0.9078 "
        "0.9099 0.9122 0.914 0.9157 0.9171 0.9187 0.92",
        "0.7163 0.8375 0.8735 0.8928 0.9035 0.9087 0.9138 0.9172 0.9205 0.9225 0.9247 0.9273 0.9283 "
        "0.9295 0.9312 0.9327 0.9342 0.9345 0.9357 0.9375",
        0.9266,
        "0.000115 0.000003 0.000084 0.001387 0.000016 0.000241 0.000004 0.995488 0.000073 0.00259",
    ),
    "tutorial_a_faster": _output(
        "0.8071 0.9071 0.9237 0.9341 0.9416 0.9473 0.9527 0.9566 0.9602 0.9632 0.966 0.9684 0.9704 "
        "0.9726 0.9744 0.9759 0.9775 0.9788 0.98 0.9814",
        "0.9205 0.936 0.9473 0.952 0.9582 0.9627 0.966 0.9677 0.9697 0.971 0.9722 0.973 0.9743 0.9745 "
        "0.9763 0.977 0.9775 0.9782 0.9787 0.9788",
        0.9727,
        "0.000005 0.000001 0.000071 0.000979 0 0.000064 0 0.99882 0.00001 0.000049",
    ),
    "tutorial_a_raw": _output(
        "0.1054" + 19 * " 0.1132",
        20 * " 0.105",
        0.1135,
        "0.098903 0.111927 0.099223 0.101676 0.097366 0.091579 0.09914 0.103101 0.097554 0.09953",
    ),
    "tutorial_b": _output(
        "0.539 0.7473 0.8134 0.8456 0.8625 0.8716 0.8781 0.8824 0.8853 0.8878",
        "",
        0.8952,
        "0.001706 0.000483 0.004149 0.006935 0.000471 0.000643 0.000005 0.958309 0.000235 0.027064",
    ),
}


def accuracy_chart(output: Output) -> Figure:
    """Draw the accuracies over the epochs, as the program plots them."""
    epochs = [*range(len(output.accuracies))]
    traces: list[Figure] = []
    for name, accuracies, color, dash in (
        ("accuracy", output.accuracies, BLUE, "solid"),
        ("val_accuracy", output.validation, VERMILLION, "dash"),
    ):
        line: Figure = {"color": color, "width": 2.5, "dash": dash}
        curve: Figure = {"type": "scatter", "mode": "lines", "name": name, "line": line, "hovertemplate": "%{y:.4f}"}
        traces += [curve | {"x": epochs, "y": [*accuracies]}] if accuracies else []
    return {
        "data": traces,
        "layout": {
            **frame(height=235, left=40, right=10, top=34, bottom=38),
            "xaxis": AXIS | {"title": {"text": "epoch"}, "nticks": 6},
            "yaxis": AXIS | {"range": [0, 1.02], "nticks": 6},
            "legend": {"orientation": "h", "x": 0, "y": 1.01, "yanchor": "bottom", "bgcolor": "rgba(0, 0, 0, 0)"},
            "hovermode": "x",
        },
    }
