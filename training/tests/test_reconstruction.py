"""What a pass of the encoder's training is told and asked for, and which weights are kept."""

from __future__ import annotations

import math
from collections import Counter

import pytest
import torch
from torch import nn

from dediffusion_training.reconstruction import choose_words, draw_length, indecision
from dediffusion_training.train_encoder import BestSoFar


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


def test_indecision_is_nothing_for_one_word_and_most_for_all_alike():
    one = torch.tensor([[[1.0, 0.0, 0.0, 0.0]]])
    alike = torch.full((1, 1, 4), 0.25)
    assert indecision(one) == pytest.approx(0.0, abs=1e-6)
    assert indecision(alike) == pytest.approx(math.log(4), abs=1e-6)
    assert indecision(torch.cat([one, alike])) == pytest.approx(math.log(4) / 2, abs=1e-6)


def test_noise_makes_words_as_likely_as_their_logits_say():
    torch.manual_seed(6)
    logits = torch.tensor([0.5, 0.3, 0.2]).log().expand(6000, 1, 3)
    words = choose_words(logits, temperature=0.7, hard=True, noise=1.0)
    assert torch.equal(words.sum(dim=-1), torch.ones(6000, 1))
    assert words.mean(dim=(0, 1)).tolist() == pytest.approx([0.5, 0.3, 0.2], abs=0.03)


def test_without_noise_a_mixture_is_the_softmax_at_its_temperature():
    logits = torch.tensor([[[2.0, 1.0, 0.0]]])
    mixed = choose_words(logits, temperature=0.5, hard=False, noise=0.0)
    assert torch.equal(mixed, torch.softmax(logits / 0.5, dim=-1))


def test_noise_blurs_what_is_nearly_as_likely_and_spares_what_is_far_likelier():
    torch.manual_seed(7)

    def kept(lead: float) -> float:
        logits = torch.tensor([lead, 0.0]).expand(4000, 1, 2)
        return (choose_words(logits, temperature=0.5, hard=False, noise=1.0)[..., 0] > 0.5).float().mean().item()

    assert kept(0.1) == pytest.approx(math.exp(0.1) / (math.exp(0.1) + 1), abs=0.03)
    assert kept(8.0) > 0.995


def test_the_best_weights_are_kept_whatever_came_after_and_across_a_restart(tmp_path):
    file, pooler = tmp_path / "best.pt", nn.Linear(1, 1, bias=False)

    def offer(step: int, loss: float) -> None:
        nn.init.constant_(pooler.weight, step)
        BestSoFar(file).offer(step, loss, pooler)

    for step, loss in ((0, 0.9), (200, 0.3), (400, 0.5)):
        offer(step, loss)
    assert BestSoFar(file).load_if_better(0.25, pooler) is None
    assert pooler.weight.item() == 400
    assert BestSoFar(file).load_if_better(0.4, pooler) == 200
    assert pooler.weight.item() == 200
