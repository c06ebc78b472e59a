"""Sentences about numbers: said when they are true, refused when they are not."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from math import nan
from pathlib import Path

import pytest

from mnbench.errors import UserError
from mnbench.report.generated import STUDIES, TEMPLATES
from mnbench.report.numbers import Results
from mnbench.report.passages import fill
from mnbench.report.wording import CHECKED, Untrue

ROOT = Path(__file__).parents[3]
PAGE = "<!-- numbers: one -->\n<!-- end -->\n"
ABOVE, BELOW, ACROSS = (0.02, 0.01, 0.03), (-0.02, -0.03, -0.01), (0.02, -0.01, 0.05)


def filled(text: str, **context: object) -> str:
    return fill(PAGE, f"{{% block one %}}\n{text}\n{{% endblock %}}", context).splitlines()[1]


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("more", ABOVE, "2.00 points more (1.00 to 3.00)"),
        ("less", BELOW, "2.00 points less (1.00 to 3.00)"),
        ("undecided", ACROSS, "2.00 points more (-1.00 to 5.00), which may be chance"),
        ("more", [ABOVE, (0.05, 0.04, 0.06)], "2.00 to 5.00 points more"),
        ("less", [BELOW, (-0.05, -0.06, -0.04)], "2.00 to 5.00 points less"),
        ("undecided", [ACROSS, (-0.01, -0.02, 0.0)], "-1.00 to +2.00 points, which may be chance"),
        ("more_in_the_mean", [ABOVE, ACROSS], "2.00 to 2.00 points more in the mean"),
        ("cheaper", (1.5, 1.2, 2.0), "1.50 times cheaper (1.20 to 2.00)"),
        ("no_cheaper", (1.5, 0.9, 2.0), "1.50 (0.90 to 2.00) times"),
    ],
)
def test_what_the_interval_bears_out_is_said(name, value, said):
    assert CHECKED[name](value) == said


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("more", [BELOW, ACROSS, (nan, nan, nan), [ABOVE, ACROSS], []]),
        ("less", [ABOVE, ACROSS, (nan, nan, nan), [BELOW, ACROSS], []]),
        ("undecided", [ABOVE, BELOW, (nan, nan, nan), [ACROSS, ABOVE], []]),
        ("more_in_the_mean", [[ABOVE, BELOW], [(nan, nan, nan)], []]),
        ("no_cheaper", [(1.5, 1.2, 2.0), (0.5, 0.4, 0.6), (1.5, nan, nan), (nan, nan, nan)]),
        ("cheaper", [(1.5, 0.9, 2.0), (0.5, 0.4, 0.6), (1.5, nan, nan), (nan, nan, nan)]),
    ],
)
def test_what_it_does_not_bear_out_is_refused(name, values):
    for value in values:
        with pytest.raises(Untrue):
            CHECKED[name](value)


@pytest.mark.parametrize("number", [0.44, 0.56, nan, [0.5, 0.6]])
def test_words_for_a_size_fit_it(number):
    assert CHECKED["fits"]("half", 0.5, 0.45, 0.55) == "half"
    assert CHECKED["fits"]("half", [0.46, 0.54], 0.45, 0.55) == "half"
    with pytest.raises(Untrue, match="'half' is said of"):
        CHECKED["fits"]("half", number, 0.45, 0.55)


def test_words_for_anything_else_need_a_true_condition():
    assert CHECKED["given"]("on the front", True) == "on the front"
    with pytest.raises(Untrue, match="'on the front' is said, and it is not so"):
        CHECKED["given"]("on the front", [])


def test_a_sentence_that_is_not_true_names_its_passage():
    assert filled("It errs {{ gap | more }}.", gap=ABOVE) == (
        "It errs 2.00 points more (1.00 to 3.00)."
    )
    said = r"passage 'one': 'more' is said of \+2\.00 \(-1\.00 to \+5\.00\) points; write the sent"
    with pytest.raises(UserError, match=said):
        filled("It errs {{ gap | more }}.", gap=ACROSS)


# The sentences of docs/results.md


@dataclass(frozen=True)
class Changed(Results):
    """The tables of a run, had its differences and ratios been others."""

    shift: float = 0.0  # of errors
    factor: float = 1.0  # of costs

    def difference(self, *points: str) -> tuple[float, float, float]:
        value, low, high = super().difference(*points)
        return value + self.shift, low + self.shift, high + self.shift

    def gain_on_fewer(self, *names: str) -> tuple[float, float, float]:
        value, low, high = super().gain_on_fewer(*names)
        return value + self.shift, low + self.shift, high + self.shift

    def measured(self, *names: str) -> tuple[float, float, float]:
        value, low, high = super().measured(*names)
        return value + self.shift, low + self.shift, high + self.shift

    def ratio(self, *points: str) -> float:
        return self.factor * super().ratio(*points)


def says_blocks() -> Iterator[tuple[str, str]]:
    """Yield the name and text of each passage that says what a run shows."""
    text = (ROOT / TEMPLATES / "results.md.jinja").read_text(encoding="utf-8")
    yield from re.findall(r"{% block (\w+_says) %}\n(.*?){% endblock %}", text, re.DOTALL)


def said(sentence: str, **changes: float) -> str:
    context = {
        name: Changed(ROOT / folder, **changes)
        for name, folder in STUDIES.items()
        if f"{name}." in sentence
    }
    return filled(sentence, **context)


@pytest.mark.parametrize(("name", "block"), list(says_blocks()), ids=[n for n, _ in says_blocks()])
def test_a_run_says_three_sentences_and_other_tables_would_refute_each(name, block):
    settings = "".join(re.findall(r"^{% set .*\n", block, re.MULTILINE))
    sentences = re.findall(r"^- (.*)$", block, re.MULTILINE)
    assert len(sentences) == 3, name
    for sentence in sentences:
        assert said(settings + sentence).endswith(".")
        speaks_of = {
            "shift": re.search(r"\.(difference|gaps|measured|gain_on_fewer)\(", sentence),
            "factor": re.search(r"\.ratios?\(", sentence),
        }
        assert any(speaks_of.values()), sentence
        changes = {"shift": (-0.5, 0.5), "factor": (0.3, 3.0)}
        for key, mentioned in speaks_of.items():
            assert not mentioned or any(
                _is_refuted(settings + sentence, key, value) for value in changes[key]
            ), (key, sentence)


def _is_refuted(sentence: str, key: str, value: float) -> bool:
    try:
        said(sentence, **{key: value})
    except UserError as error:
        return "write the sentence anew" in str(error)
    return False
