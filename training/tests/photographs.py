"""Stand-ins for what an encoder of photographs is trained with: pictures, vision models, Stable Diffusion's dialect."""

from __future__ import annotations

import json
import tarfile
from io import BytesIO
from pathlib import Path

import numpy as np
from PIL import Image
from safetensors.torch import load_file, save_file
from transformers import (
    CLIPConfig,
    CLIPModel,
    CLIPTextConfig,
    CLIPVisionConfig,
    CLIPVisionModel,
    Dinov2Config,
    Dinov2Model,
    PreTrainedModel,
    SiglipVisionConfig,
    SiglipVisionModel,
)

from dediffusion_training.export.storage import round_weights_to_float16
from dediffusion_training.fixtures.miniature import Miniature, build_pipeline
from dediffusion_training.tokenizer import END, START

MEAN, STD = [0.48, 0.46, 0.41], [0.27, 0.26, 0.28]
VISION_SIZE, PATCH = 24, 8
FORMATS = ("jpg", "png", "webp")
CORRUPT = b"\xff\xd8\xff\xe0 no picture"


def draw_picture(number: int) -> Image.Image:
    """Two colours and a slope between them, in another shape and size each time."""
    rng = np.random.default_rng(number)
    width, height = (int(side) for side in rng.integers(30, 60, size=2))
    slope = np.linspace(0, 1, width)[None, :, None] * np.ones((height, 1, 1))
    first, second = rng.integers(0, 256, size=(2, 3))
    return Image.fromarray((first * slope + second * (1 - slope)).astype(np.uint8))


def write_pictures(folder: Path, count: int = 16) -> Path:
    """Pictures in two levels of folders, one in eight of them corrupt, and a file that is none."""
    for number in range(count):
        place = folder / f"album-{number % 3}" / "inner" if number % 2 else folder
        place.mkdir(parents=True, exist_ok=True)
        file = place / f"{number:03}.{FORMATS[number % 3]}"
        if number % 8 == 3:
            file.write_bytes(CORRUPT)
        else:
            draw_picture(number).save(file)
    (folder / "notes.txt").write_text("no picture", encoding="utf-8")
    return folder


def write_shards(folder: Path, count: int = 16) -> Path:
    """The same pictures as two shards, each with a caption beside it that nobody reads."""
    folder.mkdir(parents=True, exist_ok=True)
    for shard in range(2):
        with tarfile.open(folder / f"{shard:03}.tar", "w") as tar:
            for number in range(shard, count, 2):
                picture = BytesIO()
                draw_picture(number).save(picture, "PNG")
                data = CORRUPT if number % 8 == 3 else picture.getvalue()
                for suffix, content in (("png", data), ("txt", b"a caption")):
                    entry = tarfile.TarInfo(f"{number:03}.{suffix}")
                    entry.size = len(content)
                    tar.addfile(entry, BytesIO(content))
    return folder


def _sizes(**more: object) -> dict:
    return {"hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": 3, "num_attention_heads": 2, **more}


def vision_models() -> dict[str, PreTrainedModel]:
    """One of each kind of folder that people have."""
    seen = {"image_size": VISION_SIZE, "patch_size": PATCH}
    whole = CLIPConfig(
        text_config=CLIPTextConfig(vocab_size=50, **_sizes()).to_dict(),
        vision_config=CLIPVisionConfig(**_sizes(**seen)).to_dict(),
        projection_dim=16,
    )
    dino = {"hidden_size": 32, "num_hidden_layers": 3, "num_attention_heads": 2}
    return {
        "clip-vision": CLIPVisionModel(CLIPVisionConfig(**_sizes(**seen))),
        "clip": CLIPModel(whole),
        "siglip": SiglipVisionModel(SiglipVisionConfig(**_sizes(**seen))),
        # Its positions are for larger pictures than its preprocessing gives, as in the published ones.
        "dinov2": Dinov2Model(Dinov2Config(image_size=40, patch_size=PATCH, **dino)),
    }


def write_vision_model(name: str, folder: Path) -> Path:
    vision_models()[name].save_pretrained(folder)
    settings = {
        "do_center_crop": True,
        "crop_size": {"height": VISION_SIZE, "width": VISION_SIZE},
        "size": {"shortest_edge": VISION_SIZE + 4},
        "image_mean": MEAN,
        "image_std": STD,
    }
    (folder / "preprocessor_config.json").write_text(json.dumps(settings), encoding="utf-8")
    return folder


def write_stable_diffusion(miniature: Miniature, folder: Path) -> Path:
    """A pipeline as the published folders are: an old tokenizer, old names of weights, half precision, shards."""
    pipeline = build_pipeline(miniature, folder)
    for part in (pipeline.unet, pipeline.vae, pipeline.text_encoder):
        round_weights_to_float16(part)
    _age_tokenizer(folder / "tokenizer", miniature.max_length)

    _only_half(pipeline.vae, folder / "vae")
    _only_half(pipeline.text_encoder, folder / "text_encoder")
    weights = folder / "text_encoder" / "model.fp16.safetensors"
    prefixed = {f"text_model.{name.removeprefix('text_model.')}": value for name, value in load_file(weights).items()}
    save_file(prefixed, weights, metadata={"format": "pt"})

    for file in (folder / "unet").glob("*.safetensors"):
        file.unlink()
    pipeline.unet.half().save_pretrained(folder / "unet", max_shard_size="20KB")
    assert len(list((folder / "unet").glob("*.safetensors"))) > 1
    return folder


def _only_half(part, folder: Path) -> None:
    for file in folder.glob("*.safetensors"):
        file.unlink()
    part.half().save_pretrained(folder, variant="fp16")
    assert [file.name for file in folder.glob("*.safetensors") if ".fp16" not in file.name] == []


def _age_tokenizer(folder: Path, max_length: int) -> None:
    """The four files of old, with special tokens spelled out as objects."""
    for file in folder.iterdir():
        if file.name not in ("vocab.json", "merges.txt"):
            file.unlink()
    rules = {"lstrip": False, "normalized": True, "rstrip": False, "single_word": False}
    special = {
        "bos_token": {"content": START, **rules},
        "eos_token": {"content": END, **rules},
        "unk_token": {"content": END, **rules},
        "pad_token": END,
    }
    (folder / "special_tokens_map.json").write_text(json.dumps(special), encoding="utf-8")
    marked = {
        name: {"__type": "AddedToken", **token} if isinstance(token, dict) else token for name, token in special.items()
    }
    settings = {"tokenizer_class": "CLIPTokenizer", "do_lower_case": True, "model_max_length": max_length, **marked}
    (folder / "tokenizer_config.json").write_text(json.dumps(settings), encoding="utf-8")
