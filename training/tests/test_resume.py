"""Runs are the same whenever they are run: stopped and resumed, or again with the same seed."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from conftest import Recipe, recording
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator


class Stopped(Exception):
    """What ends a run in the middle of a step."""


def stop_at(step: int, patch: pytest.MonkeyPatch) -> None:
    """The step's gradients are there, but its weights are not."""
    clip, calls = torch.nn.utils.clip_grad_norm_, iter(range(step + 1))

    def clip_or_stop(*arguments: object) -> torch.Tensor:
        if next(calls) == step:
            raise Stopped
        return clip(*arguments)

    patch.setattr(torch.nn.utils, "clip_grad_norm_", clip_or_stop)


def checkpoint(run: Path) -> dict:
    return torch.load(run / "checkpoint.pt", weights_only=True)


def same(first: dict[str, torch.Tensor], second: dict[str, torch.Tensor]) -> bool:
    return first.keys() == second.keys() and all(torch.equal(first[name], second[name]) for name in first)


@pytest.mark.parametrize("command", ["autoencoder", "reader", "decoder", "encoder"])
def test_a_run_that_was_stopped_ends_like_one_that_was_not(command: str, trained: Recipe, tmp_path: Path):
    run = tmp_path / command
    whole = checkpoint(trained.folder / command)
    # Checkpoints are kept halfway, so that the steps between that and the stop are taken twice.
    halfway = trained.recording.loops[command].config.checkpoint_every
    with pytest.MonkeyPatch.context() as patch, pytest.raises(Stopped):
        stop_at(halfway + 4, patch)
        trained.train(command, run)
    assert checkpoint(run)["step"] == halfway
    assert not same(checkpoint(run)["model"], whole["model"])
    with recording() as resumed:
        trained.train(command, run)
    assert resumed.losses[command] == trained.recording.losses[command][halfway:]
    assert checkpoint(run)["step"] == whole["step"]
    assert same(checkpoint(run)["model"], whole["model"])
    assert same(checkpoint(run)["average"], whole["average"])


def test_a_finished_run_takes_no_more_steps(trained: Recipe):
    before = checkpoint(trained.folder / "reader")
    with recording() as again:
        trained.train("reader")
    assert again.losses["reader"] == []
    assert same(checkpoint(trained.folder / "reader")["average"], before["average"])


@pytest.mark.parametrize("command", ["autoencoder", "reader", "decoder", "encoder"])
def test_workers_change_nothing_of_what_is_learned(command: str, trained: Recipe, tmp_path: Path):
    with recording() as helped:
        trained.train(command, tmp_path / command, "loop.workers=2")
    assert helped.losses[command] == trained.recording.losses[command]
    average, alone = (checkpoint(folder / command)["average"] for folder in (tmp_path, trained.folder))
    assert same(average, alone)


def test_another_seed_is_another_run(trained: Recipe, tmp_path: Path):
    with recording() as other:
        trained.train("reader", tmp_path / "reader", "loop.steps=2", "loop.seed=33")
    assert other.losses["reader"] != trained.recording.losses["reader"][:2]


@pytest.mark.parametrize("command", ["autoencoder", "reader", "decoder", "encoder"])
def test_tensorboard_reads_the_losses(command: str, trained: Recipe):
    events = EventAccumulator(str(trained.folder / command / "tensorboard"))
    events.Reload()
    written = {event.step: event.value for event in events.Scalars("loss")}
    losses = trained.recording.losses[command]
    assert written == pytest.approx({step: losses[step] for step in range(0, len(losses), 10)})
