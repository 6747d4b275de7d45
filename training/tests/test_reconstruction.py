"""How many words a pass of the encoder's training is told."""

from __future__ import annotations

from collections import Counter

import pytest
import torch

from dediffusion_training.reconstruction import draw_length


def lengths(longest: int, whole_share: float, draws: int = 4000) -> Counter[int]:
    torch.manual_seed(5)
    return Counter(draw_length(longest, whole_share) for _ in range(draws))


def test_every_prefix_is_as_likely_where_whole_texts_are_not_asked_for():
    drawn = lengths(longest=8, whole_share=0.0)
    assert set(drawn) == set(range(1, 9))
    assert all(count / 4000 == pytest.approx(1 / 8, abs=0.03) for count in drawn.values())


def test_whole_texts_come_in_their_share_and_shorter_ones_still_do():
    drawn = lengths(longest=8, whole_share=0.4)
    assert drawn[8] / 4000 == pytest.approx(0.4 + 0.6 / 8, abs=0.03)
    assert all(drawn[length] / 4000 == pytest.approx(0.6 / 8, abs=0.03) for length in range(1, 8))


def test_a_share_of_one_is_whole_texts_alone():
    assert set(lengths(longest=8, whole_share=1.0, draws=200)) == {8}
