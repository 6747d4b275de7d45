"""The miniature recipe, run once through the real commands; the tests look at what it left behind."""

from __future__ import annotations

import os

# Nothing here is to be looked up on the network; the libraries read this when they are imported.
os.environ["HF_HUB_OFFLINE"] = "1"

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import torch
from emoji import write_drawings

from dediffusion_training.__main__ import main
from dediffusion_training.frozen_decoder import FrozenDecoder
from dediffusion_training.loop import TrainingLoop

CONFIGS = Path(__file__).parent / "configs"
#: One evaluation for all tests: this many scenes, drawn in so many steps.
SCENES, STEPS = 24, 4

# The miniatures are too small to gain from threads.
torch.set_num_threads(1)


@dataclass
class Recording:
    """What the commands keep to themselves: each run's loop, losses and frozen decoder, by the run folder's name."""

    loops: dict[str, TrainingLoop] = field(default_factory=dict)
    losses: dict[str, list[float]] = field(default_factory=dict)
    decoders: list[FrozenDecoder] = field(default_factory=list)


@contextmanager
def recording() -> Iterator[Recording]:
    """Watches the training commands that are run inside."""
    kept = Recording()
    run, load = TrainingLoop.run, FrozenDecoder.load

    def watched_run(loop: TrainingLoop, compute_loss) -> list[float]:
        losses = run(loop, compute_loss)
        kept.loops[loop.run_folder.name], kept.losses[loop.run_folder.name] = loop, losses
        return losses

    def watched_load(folder: Path, **options: object) -> FrozenDecoder:
        kept.decoders.append(load(folder, **options))
        return kept.decoders[-1]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(TrainingLoop, "run", watched_run)
        patch.setattr(FrozenDecoder, "load", watched_load)
        yield kept


@dataclass(frozen=True)
class Recipe:
    """The folders of one run through the recipe."""

    folder: Path
    emoji: Path
    recording: Recording

    @property
    def autoencoder(self) -> Path:
        return self.folder / "autoencoder" / "autoencoder"

    @property
    def reader(self) -> Path:
        return self.folder / "reader" / "reader"

    @property
    def decoder(self) -> Path:
        return self.folder / "decoder" / "pipeline"

    @property
    def encoder(self) -> Path:
        return self.folder / "encoder" / "encoder"

    @property
    def models(self) -> Path:
        return self.folder / "models"

    @property
    def evaluation(self) -> Path:
        return self.folder / "evaluation"

    def arguments(self, command: str, run: Path, *overrides: str) -> list[str]:
        """The command line of one training."""
        inputs: dict[str, list[object]] = {
            "decoder": ["--autoencoder", self.autoencoder],
            "encoder": ["--decoder", self.decoder, "--reader", self.reader],
        }
        settings = [part for override in overrides for part in ("--set", override)]
        config = CONFIGS / f"{command}.yaml"
        own = inputs.get(command, [])
        return list(map(str, [command, "--config", config, "--emoji", self.emoji, "--run", run, *own, *settings]))

    def train(self, command: str, run: Path | None = None, *overrides: str) -> None:
        main(self.arguments(command, run or self.folder / command, *overrides))


@pytest.fixture(scope="session")
def emoji(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of stand-in drawings."""
    return write_drawings(tmp_path_factory.mktemp("emoji"))


@pytest.fixture(scope="session")
def trained(emoji: Path, tmp_path_factory: pytest.TempPathFactory) -> Recipe:
    """All four models, trained."""
    with recording() as kept:
        recipe = Recipe(tmp_path_factory.mktemp("recipe"), emoji, kept)
        for command in ("autoencoder", "reader", "decoder", "encoder"):
            recipe.train(command)
    return recipe


@pytest.fixture(scope="session")
def exported(trained: Recipe) -> Recipe:
    """The decoder, the encoder and the reader as ONNX."""
    main(["export-decoder", str(trained.decoder), str(trained.models / "scenes-a")])
    encoder, destination = str(trained.encoder), str(trained.models / "dediffusion-scenes")
    main(["export-encoder", encoder, destination, "--decoder", str(trained.decoder), "--decoder-name", "scenes-a"])
    main(["export-reader", str(trained.reader), str(trained.models / "scenes-reader")])
    return trained


@pytest.fixture(scope="session")
def evaluated(exported: Recipe) -> Recipe:
    """The encoder measured, and the model cards written."""
    folders = ["--encoder", str(exported.encoder), "--decoder", str(exported.decoder)]
    drawing = ["--scenes", str(SCENES), "--steps", str(STEPS), "--guidance-scale", "1.5"]
    main(["evaluate", *folders, "--emoji", str(exported.emoji), *drawing, "--output", str(exported.evaluation)])
    evaluation = str(exported.evaluation / "evaluation.json")
    # Stands in for a decoder that the encoder has never seen, which the recipe's miniature does not have.
    (exported.models / "scenes-b").mkdir()
    third = ["--third-party", str(exported.decoder), "--third-party-evaluation", evaluation]
    main(["cards", *folders, "--evaluation", evaluation, *third, "--models", str(exported.models)])
    return exported
