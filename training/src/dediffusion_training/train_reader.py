"""The reader: a picture in, the words of its caption out. Its backbone becomes the encoder's."""

from __future__ import annotations

import json
from pathlib import Path

import torch
from torch.nn import functional as F

from .configuration import ReaderConfig
from .data.batches import HELD_OUT_SEED, SceneBatches, open_batches
from .data.caption import content_words, vocabulary
from .data.scene import Scene
from .loop import TrainingLoop, describe_run, pick_device, write_recipe
from .models.backbone import Backbone, SceneReader


def caption_words(scenes: list[Scene], words: list[str]) -> torch.Tensor:
    """[batch, words], 1 where the scene's complete caption holds the word."""
    index = {word: position for position, word in enumerate(words)}
    target = torch.zeros(len(scenes), len(words))
    for row, scene in enumerate(scenes):
        target[row, [index[word] for word in content_words(scene)]] = 1
    return target


def train_reader(config: ReaderConfig, emoji: Path, run_folder: Path) -> Path:
    """Trains and saves the reader; returns its folder."""
    device = pick_device()
    torch.manual_seed(config.loop.seed)
    batches = open_batches(emoji, config.scenes, seed=config.loop.seed)
    words = vocabulary(batches.words, batches.styles)
    reader = SceneReader(Backbone(config.widths, config.depths), words).to(device)
    loop = TrainingLoop(reader, config.loop, run_folder)

    def draw_pictures(number: int) -> tuple[torch.Tensor, torch.Tensor]:
        scenes = batches.scenes(number, config.loop.batch_size)
        return batches.pictures(scenes), caption_words(scenes, words)

    drawn = loop.ahead(draw_pictures)

    def compute_loss(step: int):
        pictures, target = (part.to(device) for part in drawn(loop.draw))
        logits = reader(soften(pictures, config.softened_share)).float()
        loss = F.binary_cross_entropy_with_logits(logits, target, reduction="sum") / len(pictures)
        return loss, {"recall": top_word_recall(logits, target)}

    loop.run(compute_loss)
    trained = loop.averaged_model.eval()
    held_out = open_batches(emoji, config.scenes, seed=HELD_OUT_SEED, split="held-out")
    folder = save_reader(trained, config, run_folder / "reader")
    write_recipe(folder, describe_run(loop, config, held_out=judge_reader(trained, held_out, device)))
    return folder


def soften(pictures: torch.Tensor, share: float) -> torch.Tensor:
    """Takes the fine detail from some pictures, as small decoders do: shrinks them to between a third and two thirds
    and enlarges them again."""
    if share == 0:
        return pictures
    size = pictures.shape[-1]
    smaller = int(torch.randint(size // 3, 2 * size // 3 + 1, ()))
    shrunk = F.interpolate(pictures, smaller, mode="bilinear", antialias=True)
    soft = F.interpolate(shrunk, size, mode="bilinear", align_corners=False)
    return torch.where(torch.rand(len(pictures), 1, 1, 1, device=pictures.device) < share, soft, pictures)


def top_word_recall(logits: torch.Tensor, target: torch.Tensor) -> float:
    """Share of a caption's words among the likeliest words, as many as the caption has."""
    ranks = logits.argsort(dim=1, descending=True).argsort(dim=1)
    found = (ranks < target.sum(dim=1, keepdim=True)) & (target > 0)
    return (found.sum() / target.sum()).item()


@torch.no_grad()
def judge_reader(reader: SceneReader, held_out: SceneBatches, device: torch.device) -> dict[str, float]:
    scenes = held_out.scenes(0, 500)
    logits = torch.cat([reader(part.to(device)).float().cpu() for part in held_out.pictures(scenes).split(50)])
    target = caption_words(scenes, reader.words)
    things = torch.tensor([word in held_out.words for word in reader.words])
    return {
        "held_out_word_recall": top_word_recall(logits, target),
        "held_out_thing_recall": top_word_recall(logits[:, things], target[:, things]),
    }


def save_reader(reader: SceneReader, config: ReaderConfig, folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    torch.save(reader.state_dict(), folder / "reader.pt")
    description = {"widths": config.widths, "depths": config.depths, "words": reader.words}
    (folder / "reader.json").write_text(json.dumps(description, indent=2), encoding="utf-8")
    return folder


def load_reader(folder: Path) -> SceneReader:
    description = json.loads((folder / "reader.json").read_text(encoding="utf-8"))
    reader = SceneReader(Backbone(description["widths"], description["depths"]), description["words"])
    reader.load_state_dict(torch.load(folder / "reader.pt", map_location="cpu", weights_only=True))
    return reader.eval()
