"""A decoder exported as ONNX, as a diffusers pipeline again: what trains through a pipeline, or goes on with one, can
begin with a folder of models/.

An exporter renames, turns and reshapes weights. What it made of each is found with a twin of the same architecture,
whose weights are known: each is looked for among the numbers of the twin's graph.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import onnx
import torch
from diffusers import AutoencoderKL, DDIMScheduler, StableDiffusionPipeline, UNet2DConditionModel
from onnx import numpy_helper
from torch import nn
from transformers import CLIPTextConfig, CLIPTextModel, CLIPTokenizer

from .pipeline import export_text_encoder, export_unet, export_vae_decoder, export_vae_encoder

PARTS = ("text_encoder", "tokenizer", "unet", "vae_decoder", "vae_encoder", "scheduler")


def restore_pipeline(source: Path, destination: Path) -> None:
    """Writes the StableDiffusionPipeline whose graphs `export_pipeline` wrote to `source`.

    Weights are those of the graphs, which stored them rounded to float16.

    Raises:
        ValueError: The folder lacks a part, the autoencoder's encoder for example, or a graph holds other weights than
            its config.json says.
    """
    missing = [part for part in PARTS if not (source / part).is_dir()]
    if missing:
        raise ValueError(
            f"{source} has no {', '.join(missing)}; training needs what `export-decoder --vae-encoder` writes"
        )
    text_encoder = CLIPTextModel(CLIPTextConfig.from_pretrained(source / "text_encoder", attn_implementation="eager"))
    unet = UNet2DConditionModel.from_config(UNet2DConditionModel.load_config(source / "unet"))
    autoencoder = AutoencoderKL.from_config(AutoencoderKL.load_config(source / "vae_decoder"))
    restore_weights(text_encoder, export_text_encoder, source / "text_encoder" / "model.onnx")
    restore_weights(unet, export_unet, source / "unet" / "model.onnx")
    for part, export in {"vae_encoder": export_vae_encoder, "vae_decoder": export_vae_decoder}.items():
        restore_weights(autoencoder, export, source / part / "model.onnx")
    StableDiffusionPipeline(
        vae=autoencoder,
        text_encoder=text_encoder,
        tokenizer=CLIPTokenizer.from_pretrained(source / "tokenizer"),
        unet=unet,
        scheduler=DDIMScheduler.from_pretrained(source / "scheduler"),
        safety_checker=None,
        feature_extractor=None,
        requires_safety_checker=False,
    ).save_pretrained(destination)


@torch.no_grad()
def restore_weights(module: nn.Module, export: Callable[..., None], graph: Path) -> None:
    """Gives `module`, in place, the weights that `graph` holds of it; those that are none of the graph's stay.

    Args:
        export: Wrote `graph`, from a module of this architecture: takes a module, a path, and how weights are stored.

    Raises:
        ValueError: The graph is another architecture's, or was written by another exporter.
    """
    kept = {name: parameter.clone() for name, parameter in module.named_parameters()}
    for parameter in module.parameters():
        parameter.normal_(std=0.05)
    stored = dict(_tensors(graph))
    known = _exported(module, export)
    if _shapes(known) != _shapes(stored):
        raise ValueError(f"{graph} is of another architecture than config.json says, or of another exporter")
    names = {values.tobytes(): name for name, values in known.items()}
    for name, parameter in module.named_parameters():
        values = parameter.numpy()
        if (same := names.get(values.tobytes())) is not None:
            restored = stored[same].reshape(values.shape)
        elif (turned := names.get(values.T.tobytes())) is not None:
            restored = stored[turned].T
        else:
            restored = kept[name].numpy()
        parameter.copy_(torch.as_tensor(np.array(restored)))
    again = _exported(module, export)
    if any(not np.array_equal(again[name], values) for name, values in stored.items()):
        raise ValueError(f"{graph} holds weights that its exporter has changed beyond recognition")


def _exported(module: nn.Module, export: Callable[..., None]) -> dict[str, np.ndarray]:
    with TemporaryDirectory() as folder:
        file = Path(folder) / "model.onnx"
        export(module, file, "float32")
        return dict(_tensors(file))


def _tensors(graph: Path) -> Iterator[tuple[str, np.ndarray]]:
    """Each number that a graph holds, by the name that it has where all are stored as float32."""
    for tensor in onnx.load(graph).graph.initializer:
        values = numpy_helper.to_array(tensor)
        if values.dtype in (np.float16, np.float32):
            yield tensor.name.removesuffix("_float16"), values.astype(np.float32)


def _shapes(tensors: dict[str, np.ndarray]) -> dict[str, tuple[int, ...]]:
    return {name: values.shape for name, values in tensors.items()}
