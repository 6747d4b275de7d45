"""What an encoder's training costs, measured on this machine and counted in operations, without anyone's weights."""

from __future__ import annotations

import json
import resource
import sys
import tempfile
import time
from pathlib import Path

import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from .architectures import random_decoder, random_vision_backbone, random_words
from .configuration import EncoderConfig
from .domains import Seen
from .encoder_folder import build_pooler
from .frozen_decoder import FrozenDecoder
from .loop import TrainingLoop, computes_bfloat16, describe_device, pick_device
from .models.vision import VisionBackbone
from .reconstruction import Reconstruction

#: The paper's schedule: 500,000 steps of 2,048 pictures (Wei et al., section 4.1).
PAPER_PICTURES = 2_048 * 500_000
#: Where in a run steps are measured.
DONE = 0.5


def measure_throughput(config: EncoderConfig, architecture: str, shrink_depth: int, steps: int) -> dict[str, object]:
    """Takes training steps on random pictures through a decoder with random weights; prints and returns what it saw.

    Everything is as in `encoder`, but for the pictures, which are not read from a disk. After one step to warm up,
    `steps` are timed.

    Raises:
        ValueError: A gradient went where none belongs, or none came where one does.
    """
    device = pick_device()
    torch.manual_seed(config.loop.seed)
    frozen = torch.bfloat16 if config.frozen_weights == "bfloat16" and computes_bfloat16(device) else torch.float32
    decoder = random_decoder(architecture, shrink_depth).to(frozen).to(device, memory_format=torch.channels_last)
    backbone = random_vision_backbone(config.backbone_layer, shrink_depth).to(frozen).to(device)
    if config.checkpoint_activations:
        decoder.checkpoint_activations()
    words = random_words(decoder)
    pooler = build_pooler(config, backbone.width, backbone.rows, words).to(device)
    reconstruction = Reconstruction(config, pooler, decoder, words)
    pictures = torch.rand(config.loop.batch_size, 3, config.image_size, config.image_size) * 2 - 1

    def compute_loss(_step: int):
        loss, parts = reconstruction.loss(look(pictures.to(device), decoder, backbone), DONE)
        return loss, {"diffusion": parts["diffusion"].item()}

    with tempfile.TemporaryDirectory() as folder:
        loop = TrainingLoop(pooler, config.loop, Path(folder))
        loop.take_step(compute_loss, config.loop.warmup_steps)
        check_gradients(pooler, decoder, backbone)
        _finish(device)
        started = time.monotonic()
        for step in range(steps):
            loop.take_step(compute_loss, config.loop.warmup_steps + 1 + step)
        _finish(device)
        seconds = (time.monotonic() - started) / steps

    rate = config.loop.batch_size * config.loop.accumulate / seconds
    operations = count_operations(config, architecture, shrink_depth)
    result = {
        "architecture": architecture,
        "shrink_depth": shrink_depth,
        "image_size": config.image_size,
        "device": describe_device(device),
        "weights": {"frozen": str(frozen).removeprefix("torch."), "pooler": "float32", "mixed": loop.mixed},
        "parameters": {
            "text_encoder": _parameters(decoder.text_encoder),
            "unet": _parameters(decoder.unet),
            "autoencoder": _parameters(decoder.autoencoder),
            "vision": _parameters(backbone),
            "pooler": _parameters(pooler),
        },
        "gradients": "reach every weight of the pooler, and no other",
        "batch_size": config.loop.batch_size,
        "accumulate": config.loop.accumulate,
        "seconds_per_step": round(seconds, 3),
        "pictures_per_second": round(rate, 4),
        "peak_memory_gib": round(_peak_memory(device) / 2**30, 2),
        "operations_per_picture": {name: round(count / 1e12, 3) for name, count in operations.items()},
        "sustained_teraflops": round(sum(operations.values()) * rate / 1e12, 3),
        "papers_schedule": {
            "pictures": PAPER_PICTURES,
            "days_at_this_rate": round(PAPER_PICTURES / rate / 86_400, 1),
            "operations": f"{sum(operations.values()) * PAPER_PICTURES:.3g}",
        },
    }
    print(json.dumps(result, indent=2))
    return result


@torch.no_grad()
def look(pictures: torch.Tensor, decoder: FrozenDecoder, backbone: VisionBackbone) -> Seen:
    features = backbone(backbone.prepare(pictures)).flatten(2).transpose(1, 2)
    return Seen(decoder.latents(pictures), features)


def check_gradients(pooler: nn.Module, *frozen: nn.Module) -> None:
    """Raises:
    ValueError: A weight of the pooler has no gradient, or a frozen one has.
    """
    for name, weight in pooler.named_parameters():
        if weight.grad is None or not torch.isfinite(weight.grad).all() or not weight.grad.any():
            raise ValueError(f"No gradient, or none that is a number, reaches {name} of the pooler")
    for module in frozen:
        for name, weight in module.named_parameters():
            if weight.grad is not None or weight.requires_grad:
                raise ValueError(f"A gradient reaches {name}, which is frozen")


def count_operations(config: EncoderConfig, architecture: str, shrink_depth: int = 1) -> dict[str, int]:
    """Floating-point operations of a training step for one picture: matrix products and convolutions, an addition and
    a multiplication counted as two. Networks without memory behind their weights are enough for that."""
    with torch.device("meta"):
        decoder = random_decoder(architecture, shrink_depth)
        backbone = random_vision_backbone(config.backbone_layer, shrink_depth)
        if config.checkpoint_activations:
            decoder.checkpoint_activations()
        words = random_words(decoder)
        pooler = build_pooler(config, backbone.width, backbone.rows, words)
        pictures = torch.zeros(1, 3, config.image_size, config.image_size)
        seeing, learning = FlopCounterMode(display=False), FlopCounterMode(display=False)
        with seeing:
            seen = look(pictures, decoder, backbone)
        with learning:
            Reconstruction(config, pooler, decoder, words).loss(seen, DONE)[0].backward()
    return {"seeing": seeing.get_total_flops(), "learning": learning.get_total_flops()}


def _parameters(module: nn.Module) -> int:
    return sum(parameter.numel() for parameter in module.parameters())


def _finish(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)


def _peak_memory(device: torch.device) -> int:
    """Bytes: of the GPU's memory, or of the whole process on a CPU."""
    if device.type == "cuda":
        return torch.cuda.max_memory_allocated(device)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024
