"""How many tokens a text will be, before the service tells."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streaming.context import calibration
from streaming.context.estimate import HIGHEST_RATIO, LOWEST_RATIO, tokens

pytestmark = pytest.mark.nodb


@given(st.text(), st.text())
def test_estimates_add_up(one: str, two: str) -> None:
    assert tokens(one) + tokens(two) - 1 <= tokens(one + two) <= tokens(one) + tokens(two)
    assert tokens("") == 0


@given(st.lists(st.tuples(st.integers(0, 10**6), st.integers(0, 10**6)), max_size=80))
def test_the_ratio_is_bounded_and_knows_no_order(pairs: list[tuple[int, int]]) -> None:
    ratio = calibration(pairs)
    assert LOWEST_RATIO <= ratio <= HIGHEST_RATIO
    shuffled = random.sample(pairs, len(pairs))
    assert calibration(shuffled) == ratio
    assert round(ratio * 10) == pytest.approx(ratio * 10)


def test_the_ratio_rises_at_once_and_sinks_with_many_reports() -> None:
    assert calibration([]) == 1.0
    assert calibration([(1_000, 1_400)]) == 1.4
    assert calibration([(1_000, 1_100)] * 50) == 1.1
    assert calibration([(1_000, 700)]) == 1.0
    assert calibration([(1_000, 700)] * 50) == 0.7
    assert calibration([(1_000, 700)] * 50 + [(1_000, 2_900)]) == 0.7
    assert calibration([(20, 400)] * 50) == 1.0
    assert calibration([(1_000, 0)] * 50) == 1.0


@pytest.mark.parametrize(
    ("text", "least", "most"),
    [
        ("The quick brown fox jumps over the lazy dog.", 10, 15),
        ("你好，世界。今天天气怎么样？", 12, 20),
        ("Привет, как дела сегодня?", 8, 20),
        ("def f(x: int) -> str:\n    return str(x)\n", 10, 20),
        ("3.14159265358979", 8, 16),
        ("😀😀😀", 6, 12),
    ],
)
def test_an_estimate_is_plausible_for_every_script(text: str, least: int, most: int) -> None:
    assert least <= tokens(text) <= most
