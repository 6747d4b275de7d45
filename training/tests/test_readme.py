"""The README's commands are commands, and its table knows every key."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from dediffusion_training.__main__ import RUN, build_parser
from dediffusion_training.configuration import (
    AutoencoderConfig,
    DecoderConfig,
    EncoderConfig,
    LoopConfig,
    PhotographConfig,
    ReaderConfig,
    SceneConfig,
    read_config,
)

TRAINING = Path(__file__).parents[1]
README = (TRAINING / "README.md").read_text(encoding="utf-8")
PROGRAM = ["python", "-m", "dediffusion_training"]
TRAINED = {
    "autoencoder": AutoencoderConfig,
    "reader": ReaderConfig,
    "decoder": DecoderConfig,
    "encoder": EncoderConfig,
    "throughput": EncoderConfig,
}


def commands() -> list[list[str]]:
    """The words of every command of this package in the shell blocks."""
    blocks = "".join(re.findall(r"```sh\n(.*?)```", README, flags=re.DOTALL))
    lines = [shlex.split(line) for line in blocks.replace("\\\n", " ").splitlines()]
    return [words[3:] for words in lines if words[:3] == PROGRAM]


def test_every_command_is_shown():
    assert {words[0] for words in commands()} == set(RUN)


@pytest.mark.parametrize("words", commands(), ids=lambda words: f"{words[0]} {words[-1]}")
def test_a_command_parses_and_its_configuration_is_valid(words: list[str]):
    arguments = build_parser().parse_args(words)
    if arguments.command in TRAINED:
        read_config(TRAINED[arguments.command], TRAINING / arguments.config, dict(arguments.set))


KINDS = [*dict.fromkeys(TRAINED.values()), SceneConfig, PhotographConfig, LoopConfig]


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_the_table_knows_every_key(kind):
    table = README.split("| file | key | meaning |")[1].split("\n\n")[0]
    named = set(re.findall(r"`(\w+)`", table))
    assert set(kind.model_fields) <= named


def test_folders_that_follow_from_a_run_are_those_that_are_printed():
    # runs/<run>/<result>: what a later command takes is what the earlier one says.
    results = {"autoencoder": "autoencoder", "reader": "reader", "decoder": "pipeline", "encoder": "encoder"}
    parsed = [build_parser().parse_args(words) for words in commands()]
    printed = {arguments.run / results[arguments.command] for arguments in parsed if arguments.command in results}
    for arguments in parsed:
        for name in ("autoencoder", "reader", "encoder"):
            folder = getattr(arguments, name, None)
            assert folder is None or folder in printed
