"""What a user reads: one printable line, whatever it quotes."""

import pytest

from mnbench.errors import LONGEST, LONGEST_WORD, UserError


@pytest.mark.parametrize(
    ("quoted", "said"),
    [
        ("two\nlines", r"two\nlines"),
        ("carriage\rreturn", r"carriage\rreturn"),
        ("\x1b[31mred", r"\x1b[31mred"),
        ("null\0byte", r"null\x00byte"),
        ("\u202eright to left", r"\u202eright to left"),
        ("\ud800", r"\ud800"),
        ("naïve 日本", "naïve 日本"),
    ],
)
def test_what_a_message_quotes_stays_on_the_line(quoted, said):
    assert (
        str(UserError(f"study.yaml: unknown key '{quoted}'")) == f"study.yaml: unknown key '{said}'"
    )


def test_a_long_message_keeps_its_beginning_and_its_end():
    text = str(UserError(f"study.yaml: key 'a': {'x ' * 10**6}; give another"))
    assert text.startswith("study.yaml: key 'a': x x") and text.endswith("x x ; give another")
    assert len(text) == LONGEST + len(" ... ")


def test_a_long_word_keeps_its_beginning_and_its_end():
    text = str(UserError(f"study.yaml: key 'a': {'x' * 10**6}; give another"))
    assert text.startswith("study.yaml: key 'a': xxx") and text.endswith("xxx; give another")
    assert len(text) < 2 * LONGEST_WORD
