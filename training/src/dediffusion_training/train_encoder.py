"""The De-Diffusion encoder, trained by reconstruction alone through a frozen decoder (Wei et al., arXiv 2311.00618)."""

from __future__ import annotations

import json
from pathlib import Path

import torch
from torch import nn

from .configuration import EncoderConfig
from .domains import Domain, open_domain
from .encoder_folder import build_pooler, save_encoder
from .frozen_decoder import FrozenDecoder
from .head_start import take_pooler
from .judge import prompt_losses
from .loop import (
    TrainingLoop,
    computes_bfloat16,
    describe_run,
    pick_device,
    read_recipe,
    read_recipes,
    save_whole,
    write_recipe,
)
from .models.backbone import Backbone
from .models.encoder import DeDiffusionEncoder
from .models.vision import VisionBackbone
from .processes import processes
from .reconstruction import Reconstruction
from .train_reader import load_reader
from .vocabulary import word_ids

#: Texts that a check of a run quotes.
EXAMPLES = 4


def load_backbone(folder: Path, config: EncoderConfig, dtype: torch.dtype = torch.float32) -> Backbone | VisionBackbone:
    """The frozen backbone of a reader's folder, or of a transformers vision model's."""
    if (folder / "reader.json").exists():
        backbone = load_reader(folder).backbone
    else:
        backbone = VisionBackbone.load(folder, layer=config.backbone_layer, dtype=dtype)
    return backbone.requires_grad_(False).eval()


def build_encoder(
    config: EncoderConfig, decoder: FrozenDecoder, backbone: Backbone | VisionBackbone, words: list[str]
) -> DeDiffusionEncoder:
    """An untrained encoder with a frozen, pretrained backbone."""
    probe = backbone.prepare(torch.zeros(1, 3, config.image_size, config.image_size))
    with torch.no_grad():
        map_size = backbone(probe).shape[-1]
    embeddings = decoder.token_embeddings[word_ids(decoder.tokenizer, words)].detach().clone().float()
    pooler = build_pooler(config, backbone.width, map_size, embeddings)
    return DeDiffusionEncoder(backbone, pooler, probe.shape[-1])


def train_encoder(
    config: EncoderConfig,
    decoder_folder: Path,
    backbone_folder: Path,
    pictures: str,
    run_folder: Path,
    start: Path | None = None,
) -> Path:
    """Trains and saves the encoder; returns its folder.

    Args:
        backbone_folder: A reader, or any vision model that transformers has saved.
        pictures: The drawings of `config.scenes`, or the photographs.
        start: An encoder whose pooler's weights this one begins with.
    """
    device, is_main = pick_device(), processes().is_main_process
    torch.manual_seed(config.loop.seed)
    frozen = torch.bfloat16 if config.frozen_weights == "bfloat16" and computes_bfloat16(device) else torch.float32
    decoder = FrozenDecoder.load(decoder_folder, dtype=frozen, checkpoint_activations=config.checkpoint_activations).to(
        device
    )
    if config.compile:
        decoder.unet.compile()
    if config.tokens > decoder.longest_text:
        raise ValueError(f"tokens is {config.tokens}, but the decoder reads {decoder.longest_text} at most")
    domain = open_domain(config, pictures, decoder.tokenizer)
    backbone = load_backbone(backbone_folder, config, frozen)
    encoder = build_encoder(config, decoder, backbone, domain.words)
    if start:
        take_pooler(encoder.pooler, domain.words, start)
    encoder.to(device)
    embeddings = decoder.token_embeddings[word_ids(decoder.tokenizer, domain.words).to(device)].float()
    if is_main:
        print(
            f"The encoder chooses from {len(domain.words):,} words of the decoder's {len(decoder.tokenizer):,} tokens."
        )
    domain.look(device, latents=decoder.latents, features=lambda seen: backbone(backbone.prepare(seen)))
    # What the other prompts are worth never changes, so it is measured once.
    references = _mean_losses(decoder, domain, domain.fixed_prompts()) if is_main else {}
    reconstruction = Reconstruction(config, encoder.pooler, decoder, embeddings)
    loop = TrainingLoop(encoder.pooler, config.loop, run_folder)
    # The texts of single steps flicker; these are the weights that the run is for.
    averaged = DeDiffusionEncoder(backbone, loop.averaged_model, encoder.image_size).eval()
    log = run_folder / "judged.jsonl"
    best = BestSoFar(run_folder / "best.pt")

    def compute_loss(step: int):
        if loop.begins_step and step % config.judge_every == 0:
            scores = judge_texts(averaged, decoder, domain, references)
            with log.open("a", encoding="utf-8") as file:
                file.write(json.dumps({"step": step, **scores}) + "\n")
            best.offer(step, scores["loss"]["de-diffusion"], averaged.pooler)
        loss, parts = reconstruction.loss(domain.draw(loop.draw, step), step / config.loop.steps)
        return loss, {**{name: part.item() for name, part in parts.items()}, **domain.numbers()}

    run_folder.mkdir(parents=True, exist_ok=True)
    loop.run(compute_loss)
    folder = run_folder / "encoder"
    if is_main:
        scores = judge_texts(averaged, decoder, domain, references)
        step = best.load_if_better(scores["loss"]["de-diffusion"], averaged.pooler)
        if step is not None:
            print(f"The texts of step {step} were better than the last ones, so its weights are kept.")
            scores = judge_texts(averaged, decoder, domain, references)
        save_encoder(averaged, config, domain.words, folder)
        origin = {
            "kept_step": config.loop.steps if step is None else step,
            "decoder": decoder_folder.name,
            **_describe_backbone(backbone_folder, backbone),
            "held_out": scores,
            **read_recipes(start=start),
        }
        write_recipe(folder, describe_run(loop, config, **origin, **domain.numbers()))
    processes().wait_for_everyone()
    return folder


class BestSoFar:
    """The weights whose hard texts of held-out pictures had the lowest loss.

    What is trained are mixtures of words. In a long run they become better at it and the words that are left of them
    worse, which only hard texts show.
    """

    def __init__(self, file: Path) -> None:
        self.file = file
        self.loss = torch.load(file, weights_only=True)["loss"] if file.exists() else float("inf")

    def offer(self, step: int, loss: float, pooler: nn.Module) -> None:
        if loss < self.loss:
            self.loss = loss
            save_whole({"step": step, "loss": loss, "pooler": pooler.state_dict()}, self.file)

    def load_if_better(self, loss: float, pooler: nn.Module) -> int | None:
        """Puts the kept weights into `pooler` if theirs is a lower loss; returns their step."""
        if loss <= self.loss:
            return None
        kept = torch.load(self.file, map_location=next(pooler.parameters()).device, weights_only=True)
        pooler.load_state_dict(kept["pooler"])
        return kept["step"]


@torch.no_grad()
def judge_texts(
    encoder: DeDiffusionEncoder, decoder: FrozenDecoder, domain: Domain, references: dict[str, float]
) -> dict[str, object]:
    """Hard texts of held-out pictures: what they name, their diffusion loss beside other prompts' (`references`)."""
    device = decoder.alphas_cumprod.device
    parts = domain.judged.features.split(domain.judged_together)
    picks = torch.cat([encoder.pooler(part.to(device).float())[0].argmax(dim=-1) for part in parts])
    texts = [[domain.words[index] for index in row] for row in picks.tolist()]
    lines = [" ".join(text) for text in texts]
    prompts = {**domain.control_prompts(lines), "de-diffusion": lines}
    return {
        **domain.score(texts),
        "loss": {**references, **_mean_losses(decoder, domain, prompts)},
        "examples": lines[:EXAMPLES],
    }


def _mean_losses(decoder: FrozenDecoder, domain: Domain, prompts: dict[str, list[str]]) -> dict[str, float]:
    losses = prompt_losses(decoder, domain.judged.latents, prompts, domain.judged_together)
    return {name: round(values.mean().item(), 5) for name, values in losses.items()}


def _describe_backbone(folder: Path, backbone: Backbone | VisionBackbone) -> dict[str, object]:
    """What a model card says of where the encoder's eyes are from."""
    if isinstance(backbone, VisionBackbone):
        return {"backbone": {"name": folder.name, "model": backbone.network.config.model_type}}
    return {"reader": read_recipe(folder)}
