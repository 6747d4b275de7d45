"""docs/training.md: its commands are commands, its numbers those of the code, its folders follow from each other."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
from accelerate.commands.launch import launch_command_parser

from dediffusion_training.__main__ import build_parser
from dediffusion_training.architectures import CLIP_TOKENS, CLIP_WORDS
from dediffusion_training.configuration import EncoderConfig, read_config

TRAINING = Path(__file__).parents[1]
PAGE = (TRAINING.parent / "docs" / "training.md").read_text(encoding="utf-8")
ALONE = ["python", "-m", "dediffusion_training"]
TOGETHER = ["accelerate", "launch", "--num_processes", "4", "-m", "dediffusion_training"]
#: Programs that are none of ours: installation, download, curves, the server.
OTHERS = ("uv", ".", "export", "hf", "tensorboard", "npm")


def lines() -> list[list[str]]:
    blocks = re.findall(r"```bash\n(.*?)```", PAGE, flags=re.DOTALL)
    return [shlex.split(line) for block in blocks for line in block.splitlines()]


def commands() -> list[list[str]]:
    """The arguments of every command of this package."""
    prefixes = (ALONE, TOGETHER)
    return [words[len(prefix) :] for words in lines() for prefix in prefixes if words[: len(prefix)] == prefix]


def test_every_line_is_a_command_that_is_known():
    own = [words for words in lines() if words[0] not in OTHERS]
    assert len(own) == len(commands()) > 0


@pytest.mark.parametrize("words", commands(), ids=lambda words: " ".join(words[:3]))
def test_a_command_parses_and_its_configuration_is_valid(words: list[str]):
    arguments = build_parser().parse_args(words)
    if "config" in arguments:
        config = read_config(EncoderConfig, TRAINING / arguments.config, dict(arguments.set))
        assert config.photographs
        assert config.tokens <= 75


def test_accelerate_hands_the_arguments_on():
    together = [words[2:] for words in lines() if words[: len(TOGETHER)] == TOGETHER]
    assert together
    for words in together:
        parsed = launch_command_parser().parse_args(words)
        assert (parsed.num_processes, parsed.module) == (4, True)
        assert [parsed.training_script, *parsed.training_script_args] == words[words.index("dediffusion_training") :]


def test_what_is_exported_is_what_was_trained_and_is_what_is_served():
    parsed = [build_parser().parse_args(words) for words in commands()]
    trained = {arguments.run / "encoder" for arguments in parsed if arguments.command == "encoder"}
    exported = {}
    for arguments in parsed:
        if arguments.command == "export-encoder":
            assert arguments.encoder in trained
            exported[arguments.decoder_name] = arguments.destination
        if arguments.command == "export-decoder":
            exported["decoder"] = arguments.destination
    folders = re.findall(r'folder: "(.*?)"', PAGE)
    assert {Path("..") / folder for folder in folders} == set(exported.values())
    assert all(f'id: "{name}"' in PAGE for name in exported if name != "decoder")


def test_the_page_says_how_large_the_vocabulary_is():
    assert f"{CLIP_TOKENS:,} tokens these are {CLIP_WORDS:,}" in PAGE
