"""What of optimum-onnx's exports is committed: every byte is vouched for, and nothing is there twice."""

from __future__ import annotations

import gzip
import hashlib
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file

from dediffusion_training.fixtures.optimum import keep_folders, name_weights_as_before


def test_folders_are_kept_less_what_they_share(tmp_path: Path):
    files = {
        "sd1/unet/model.onnx": b"a graph",
        "sd1/tokenizer/vocab.json": b"{}",
        "sd1/vae_encoder/model.onnx": b"not needed",
        "xl/unet/model.onnx": b"another graph",
        "xl/tokenizer/vocab.json": b"{}",
        "xl/text_encoder_2/config.json": b"[]",
    }
    for name, content in files.items():
        path = tmp_path / "exported" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    hashes = keep_folders(tmp_path / "exported", tmp_path / "kept")
    assert hashes == {name: hashlib.sha256(content).hexdigest() for name, content in files.items()}
    kept = {path.relative_to(tmp_path / "kept").as_posix() for path in (tmp_path / "kept").rglob("*") if path.is_file()}
    assert kept == {
        "sd1/unet/model.onnx.gz",
        "sd1/tokenizer/vocab.json",
        "xl/unet/model.onnx.gz",
        "xl/text_encoder_2/config.json",
    }
    assert gzip.decompress((tmp_path / "kept" / "xl" / "unet" / "model.onnx.gz").read_bytes()) == b"another graph"


def test_weights_get_the_names_that_transformers_4_looks_for(tmp_path: Path):
    file = tmp_path / "model.safetensors"
    names = ("embeddings.weight", "text_model.encoder.weight", "text_projection.weight")
    save_file({name: torch.full((2,), float(index)) for index, name in enumerate(names)}, file)
    name_weights_as_before(file)
    weights = load_file(file)
    assert set(weights) == {"text_model.embeddings.weight", "text_model.encoder.weight", "text_projection.weight"}
    assert weights["text_model.embeddings.weight"].tolist() == [0, 0]
