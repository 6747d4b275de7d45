"""An exported decoder becomes a pipeline again that computes what its graphs compute."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
from conftest import Recipe
from diffusers import StableDiffusionPipeline
from onnx import numpy_helper

from dediffusion_training.__main__ import main
from dediffusion_training.export.storage import round_weights_to_float16
from dediffusion_training.frozen_decoder import FrozenDecoder

NETWORKS = ("text_encoder", "unet", "vae")


@pytest.fixture(scope="module")
def exported(trained: Recipe, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("exported")
    main(["export-decoder", str(trained.decoder), str(folder), "--vae-encoder"])
    return folder


def test_every_weight_is_that_of_the_pipeline_rounded_as_it_was_stored(trained: Recipe, exported: Path, tmp_path: Path):
    main(["restore-decoder", str(exported), str(tmp_path)])
    before, after = (StableDiffusionPipeline.from_pretrained(folder) for folder in (trained.decoder, tmp_path))
    for name in NETWORKS:
        network = getattr(before, name)
        round_weights_to_float16(network)
        restored = getattr(after, name).state_dict()
        assert {key for key, weight in network.state_dict().items() if not torch.equal(weight, restored[key])} == set()
    assert before.scheduler.config == after.scheduler.config
    assert before.vae.config.scaling_factor == after.vae.config.scaling_factor
    texts = ["large cat left", "sun"]
    assert after.tokenizer(texts).input_ids == before.tokenizer(texts).input_ids
    # What an encoder trains through.
    assert FrozenDecoder.load(tmp_path).longest_text == FrozenDecoder.load(trained.decoder).longest_text


def test_a_folder_without_the_half_that_makes_latents_is_refused(exported: Path, tmp_path: Path):
    shutil.copytree(exported, tmp_path / "half")
    shutil.rmtree(tmp_path / "half" / "vae_encoder")
    with pytest.raises(ValueError, match="has no vae_encoder; training needs what `export-decoder --vae-encoder`"):
        main(["restore-decoder", str(tmp_path / "half"), str(tmp_path / "restored")])


def test_graphs_of_another_architecture_are_refused(exported: Path, tmp_path: Path):
    shutil.copytree(exported, tmp_path / "other")
    file = tmp_path / "other" / "text_encoder" / "config.json"
    config = json.loads(file.read_text(encoding="utf-8"))
    file.write_text(json.dumps({**config, "num_hidden_layers": config["num_hidden_layers"] + 1}), encoding="utf-8")
    with pytest.raises(ValueError, match=r"text_encoder/model\.onnx is of another architecture"):
        main(["restore-decoder", str(tmp_path / "other"), str(tmp_path / "restored")])


def test_a_graph_whose_numbers_are_not_all_found_again_is_refused(exported: Path, tmp_path: Path):
    shutil.copytree(exported, tmp_path / "changed")
    file = tmp_path / "changed" / "text_encoder" / "model.onnx"
    model = onnx.load(file)
    numbers = {tensor.name: numpy_helper.to_array(tensor) for tensor in model.graph.initializer}
    # One of no weight: the factor of attention's products, for example.
    scalar = next(
        t for t in model.graph.initializer if numbers[t.name].dtype == np.float32 and numbers[t.name].size == 1
    )
    scalar.CopyFrom(numpy_helper.from_array(numbers[scalar.name] + 1, scalar.name))
    onnx.save(model, file)
    with pytest.raises(ValueError, match="changed beyond recognition"):
        main(["restore-decoder", str(tmp_path / "changed"), str(tmp_path / "restored")])
