"""A diffusers Stable Diffusion pipeline as a folder of ONNX graphs, in the layout that optimum writes.

model_index.json
tokenizer/      vocab.json, merges.txt, tokenizer_config.json, special_tokens_map.json
text_encoder/   config.json, model.onnx: input_ids -> last_hidden_state, pooler_output; where it is asked for, also
                hidden_states.0, hidden_states.1 and so on
unet/           config.json, model.onnx: sample, timestep, encoder_hidden_states -> out_sample
vae_decoder/    config.json, model.onnx: latent_sample -> sample
vae_encoder/    config.json, model.onnx: sample -> latent_parameters; only where it is asked for
scheduler/      scheduler_config.json
"""

from __future__ import annotations

import json
from pathlib import Path

import torch
from diffusers import AutoencoderKL, UNet2DConditionModel
from torch import nn
from transformers import CLIPTextModel, CLIPTokenizer

from .graph import Storage, export_graph

#: Parts of a pipeline that the exported folder leaves out.
LEFT_OUT = ("safety_checker", "feature_extractor", "image_encoder")
SPECIAL_TOKENS = ("bos_token", "eos_token", "unk_token", "pad_token")


def export_pipeline(
    source: Path,
    destination: Path,
    *,
    storage: Storage = "float16",
    vae_encoder: bool = False,
    any_size: bool = False,
    hidden_states: bool = False,
) -> None:
    """Exports any StableDiffusionPipeline folder of diffusers.

    Each graph is compared with its PyTorch module before the function returns. The U-Net takes its timestep as a
    float32 scalar, because some schedulers ask for noise levels between two training steps.

    Args:
        source: A folder that `StableDiffusionPipeline.save_pretrained` wrote.
        destination: The folder to write; existing files of the same names are replaced.
        storage: How weights are stored; arithmetic is float32 either way.
        vae_encoder: Whether to write the autoencoder's encoder, which drawing from a picture needs.
        any_size: Whether the U-Net shall take sizes that its halvings do not divide.
        hidden_states: Whether the text encoder shall give its layers' outputs, which leaving out the last ones needs.

    Raises:
        ValueError: The folder holds another kind of pipeline, or a graph does not compute what its module does.
    """
    index = json.loads((source / "model_index.json").read_text(encoding="utf-8"))
    if index.get("_class_name") != "StableDiffusionPipeline":
        raise ValueError(f"{source} holds a {index.get('_class_name')}, not a StableDiffusionPipeline")
    destination.mkdir(parents=True, exist_ok=True)
    index.update({name: [None, None] for name in LEFT_OUT if name in index})
    _write_json(destination / "model_index.json", index)

    _copy(source / "scheduler" / "scheduler_config.json", destination / "scheduler")
    tokenizer = CLIPTokenizer.from_pretrained(source / "tokenizer")
    write_tokenizer(tokenizer, destination / "tokenizer")

    text_encoder = CLIPTextModel.from_pretrained(source / "text_encoder", attn_implementation="eager")
    _copy(source / "text_encoder" / "config.json", destination / "text_encoder")
    export_text_encoder(text_encoder, destination / "text_encoder" / "model.onnx", storage, hidden_states)

    unet = UNet2DConditionModel.from_pretrained(source / "unet")
    _copy(source / "unet" / "config.json", destination / "unet")
    export_unet(unet, destination / "unet" / "model.onnx", storage, any_size)

    autoencoder = AutoencoderKL.from_pretrained(source / "vae")
    _copy(source / "vae" / "config.json", destination / "vae_decoder")
    export_vae_decoder(autoencoder, destination / "vae_decoder" / "model.onnx", storage)
    if vae_encoder:
        _copy(source / "vae" / "config.json", destination / "vae_encoder")
        export_vae_encoder(autoencoder, destination / "vae_encoder" / "model.onnx", storage)


def write_tokenizer(tokenizer: CLIPTokenizer, folder: Path) -> None:
    """Writes the four classic files of a CLIP tokenizer, which newer transformers keep in one `tokenizer.json`."""
    write_byte_pairs(tokenizer, folder)
    special = {name: str(getattr(tokenizer, name)) for name in SPECIAL_TOKENS}
    _write_json(folder / "special_tokens_map.json", special)
    settings = {"tokenizer_class": "CLIPTokenizer", "model_max_length": tokenizer.model_max_length, **special}
    _write_json(folder / "tokenizer_config.json", settings)


def write_byte_pairs(tokenizer: CLIPTokenizer, folder: Path) -> None:
    """Writes `vocab.json` and `merges.txt`."""
    folder.mkdir(parents=True, exist_ok=True)
    byte_pairs = json.loads(tokenizer.backend_tokenizer.to_str())["model"]
    _write_json(folder / "vocab.json", byte_pairs["vocab"], indent=None)
    merges = (pair if isinstance(pair, str) else " ".join(pair) for pair in byte_pairs["merges"])
    (folder / "merges.txt").write_text("\n".join(["#version: 0.2", *merges]) + "\n", encoding="utf-8")


class _TextEncoder(nn.Module):
    def __init__(self, model: CLIPTextModel, hidden_states: bool) -> None:
        super().__init__()
        self.model, self.hidden_states = model, hidden_states

    def forward(self, input_ids: torch.Tensor) -> tuple[torch.Tensor, ...]:
        encoded = self.model(input_ids=input_ids, output_hidden_states=self.hidden_states)
        layers = encoded.hidden_states if self.hidden_states else ()
        return (encoded.last_hidden_state, encoded.pooler_output, *layers)


class _UNet(nn.Module):
    def __init__(self, model: UNet2DConditionModel) -> None:
        super().__init__()
        self.model = model

    def forward(
        self, sample: torch.Tensor, timestep: torch.Tensor, encoder_hidden_states: torch.Tensor
    ) -> torch.Tensor:
        return self.model(sample, timestep, encoder_hidden_states, return_dict=False)[0]


class _VaeDecoder(nn.Module):
    def __init__(self, model: AutoencoderKL) -> None:
        super().__init__()
        self.decoder, self.post_quant_conv = model.decoder, model.post_quant_conv

    def forward(self, latent_sample: torch.Tensor) -> torch.Tensor:
        return self.decoder(latent_sample if self.post_quant_conv is None else self.post_quant_conv(latent_sample))


class _VaeEncoder(nn.Module):
    def __init__(self, model: AutoencoderKL) -> None:
        super().__init__()
        self.encoder, self.quant_conv = model.encoder, model.quant_conv

    def forward(self, sample: torch.Tensor) -> torch.Tensor:
        encoded = self.encoder(sample)
        return encoded if self.quant_conv is None else self.quant_conv(encoded)


def export_text_encoder(
    model: CLIPTextModel, path: Path, storage: Storage = "float16", hidden_states: bool = False
) -> None:
    """Writes a text encoder's graph; with `hidden_states` one that gives its layers' outputs too."""
    length = model.config.max_position_embeddings
    ids = torch.randint(0, model.config.vocab_size, (2, length), generator=torch.Generator().manual_seed(0))
    axes = {0: "batch_size", 1: "sequence_length"}
    count = model.config.num_hidden_layers + 1 if hidden_states else 0
    layers = [f"hidden_states.{layer}" for layer in range(count)]
    export_graph(
        _TextEncoder(model, hidden_states),
        {"input_ids": ids},
        ["last_hidden_state", "pooler_output", *layers],
        path,
        dynamic={
            **dict.fromkeys(["input_ids", "last_hidden_state", *layers], axes),
            "pooler_output": {0: "batch_size"},
        },
        storage=storage,
    )


def export_unet(model: UNet2DConditionModel, path: Path, storage: Storage = "float16", any_size: bool = False) -> None:
    """Writes a U-Net's graph; with `any_size` one that takes sizes which its halvings do not divide, too."""
    noise = torch.Generator().manual_seed(0)
    size, width = model.config.sample_size, model.config.cross_attention_dim
    if any_size:
        # From an example that halves evenly, diffusers' up-blocks are traced as doubling, which fits no other size.
        size += 1 - size % 2
    picture = {0: "batch_size", 2: "height", 3: "width"}
    export_graph(
        _UNet(model),
        {
            "sample": torch.randn(2, model.config.in_channels, size, size, generator=noise),
            "timestep": torch.tensor(500.0),
            "encoder_hidden_states": torch.randn(2, 8, width, generator=noise),
        },
        ["out_sample"],
        path,
        dynamic={
            "sample": picture,
            "encoder_hidden_states": {0: "batch_size", 1: "sequence_length"},
            "out_sample": picture,
        },
        storage=storage,
    )


def export_vae_decoder(model: AutoencoderKL, path: Path, storage: Storage = "float16") -> None:
    """Writes the graph from latents to pictures in [-1, 1]."""
    noise = torch.Generator().manual_seed(0)
    axes = {0: "batch_size", 2: "height", 3: "width"}
    export_graph(
        _VaeDecoder(model),
        {"latent_sample": torch.randn(2, model.config.latent_channels, 8, 8, generator=noise)},
        ["sample"],
        path,
        dynamic={"latent_sample": axes, "sample": axes},
        storage=storage,
    )


def export_vae_encoder(model: AutoencoderKL, path: Path, storage: Storage = "float16") -> None:
    """Writes the graph from pictures in [-1, 1] to mean and logarithm of the variance of their latents."""
    noise = torch.Generator().manual_seed(0)
    pixels = 8 * 2 ** (len(model.config.block_out_channels) - 1)
    export_graph(
        _VaeEncoder(model),
        {"sample": torch.randn(2, 3, pixels, pixels, generator=noise)},
        ["latent_parameters"],
        path,
        dynamic={
            "sample": {0: "batch_size", 2: "height", 3: "width"},
            "latent_parameters": {0: "batch_size", 2: "latent_height", 3: "latent_width"},
        },
        storage=storage,
    )


def _copy(file: Path, folder: Path) -> None:
    """Copies a configuration, less the path on this machine that diffusers notes in it."""
    folder.mkdir(parents=True, exist_ok=True)
    config = json.loads(file.read_text(encoding="utf-8"))
    config.pop("_name_or_path", None)
    _write_json(folder / file.name, config)


def _write_json(path: Path, value: object, indent: int | None = 2) -> None:
    path.write_text(json.dumps(value, indent=indent, ensure_ascii=False) + "\n", encoding="utf-8")
