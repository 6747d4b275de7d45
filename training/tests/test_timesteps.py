"""How often which noise level is learned from."""

from __future__ import annotations

import pytest
import torch

from dediffusion_training.train_decoder import draw_timesteps


@pytest.mark.parametrize(("exponent", "below_half"), [(0.0, 1 / 2), (1.0, 1 / 4), (2.0, 1 / 8)])
def test_timesteps_are_drawn_in_proportion_to_a_power_of_their_number(exponent: float, below_half: float):
    torch.manual_seed(0)
    drawn = draw_timesteps(100_000, 1000, exponent, torch.device("cpu"))
    assert drawn.dtype == torch.long
    assert (drawn < 500).float().mean().item() == pytest.approx(below_half, abs=0.01)
    assert (drawn.min() < 100, drawn.max().item()) == (True, 999)
