"""Graphs compute what their modules do, with weights stored in half their bytes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from diffusers import AutoencoderKL
from torch import nn
from transformers import CLIPTextConfig, CLIPTextModel

from dediffusion_training.export.graph import export_graph, open_session
from dediffusion_training.export.pipeline import export_text_encoder, export_unet, export_vae_encoder
from dediffusion_training.fixtures.miniature import tiny_unet
from dediffusion_training.models.backbone import Backbone


class Normed(nn.Module):
    """A convolution whose norm the exporter multiplies into it, and a matrix that it leaves alone."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.convolution, self.norm = nn.Conv2d(16, 16, 3, padding=1), nn.BatchNorm2d(16)
        self.matrix = nn.Linear(16, 64)
        nn.init.uniform_(self.norm.weight, 1, 3)
        self.norm.running_var.uniform_(0.01, 0.02)

    def forward(self, pictures: torch.Tensor) -> torch.Tensor:
        return self.matrix(self.norm(self.convolution(pictures)).mean(dim=(2, 3)))


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> tuple[Normed, Path]:
    module, file = Normed(), tmp_path_factory.mktemp("graph") / "model.onnx"
    example = {"pictures": torch.randn(2, 16, 8, 8)}
    export_graph(module, example, ["words"], file, dynamic={name: {0: "batch_size"} for name in ("pictures", "words")})
    return module, file


def test_the_graph_is_as_exact_as_float32(exported):
    module, file = exported
    pictures = torch.randn(5, 16, 8, 8)
    (computed,) = open_session(file).run(None, {"pictures": pictures.numpy()})
    with torch.no_grad():
        expected = module(pictures).numpy()
    assert np.abs(computed - expected).max() < 1e-5 * np.abs(expected).max()


def test_weights_are_stored_in_float16_where_that_loses_nothing(exported):
    weights = {tuple(weight.dims): weight.data_type for weight in onnx.load(exported[1]).graph.initializer}
    assert onnx.TensorProto.FLOAT16 in (weights.get((16, 64)), weights.get((64, 16)))
    assert weights[16, 16, 3, 3] == onnx.TensorProto.FLOAT


def test_the_norms_of_a_backbone_do_not_keep_its_kernels_in_float32(tmp_path):
    torch.manual_seed(0)
    backbone = Backbone([8, 16], [1, 1])
    for norm in backbone.modules():
        if isinstance(norm, nn.BatchNorm2d):
            norm.running_mean.normal_()
            norm.running_var.uniform_(0.1, 2)
            nn.init.uniform_(norm.weight, 1, 3)
    pictures = torch.rand(3, 3, 32, 32) * 2 - 1
    with torch.no_grad():
        before = backbone.eval()(pictures).numpy()
    file = tmp_path / "model.onnx"
    axes = {name: {0: "batch_size"} for name in ("pictures", "features")}
    export_graph(backbone, {"pictures": pictures[:2]}, ["features"], file, dynamic=axes)
    graph = onnx.load(file).graph
    kinds = {weight.data_type for weight in graph.initializer if len(weight.dims) == 4 and np.prod(weight.dims) >= 1024}
    assert kinds == {onnx.TensorProto.FLOAT16}
    assert "BatchNormalization" not in {node.op_type for node in graph.node}
    (computed,) = open_session(file).run(None, {"pictures": pictures.numpy()})
    # Rounded to eleven bits.
    assert np.abs(computed - before).max() < 5e-3 * np.abs(before).max()


def test_a_graph_that_computes_something_else_is_refused(tmp_path):
    class Fickle(nn.Module):
        """Answers differently while it is traced."""

        def forward(self, numbers: torch.Tensor) -> torch.Tensor:
            return numbers + (1 if torch.compiler.is_exporting() else 0)

    with pytest.raises(ValueError, match="output answer differs from PyTorch's by up to 1"):
        export_graph(Fickle(), {"numbers": torch.zeros(2)}, ["answer"], tmp_path / "model.onnx", dynamic={})


@torch.no_grad()
def test_the_encoder_of_an_autoencoder_gives_mean_and_variance_at_every_size(tmp_path):
    torch.manual_seed(1)
    autoencoder = AutoencoderKL(
        block_out_channels=(8, 16),
        down_block_types=("DownEncoderBlock2D",) * 2,
        up_block_types=("UpDecoderBlock2D",) * 2,
        latent_channels=4,
        norm_num_groups=4,
    ).eval()
    export_vae_encoder(autoencoder, tmp_path / "model.onnx")
    pictures = torch.rand(1, 3, 24, 40, generator=torch.Generator().manual_seed(2)) * 2 - 1
    session = open_session(tmp_path / "model.onnx")
    assert [output.name for output in session.get_outputs()] == ["latent_parameters"]
    (computed,) = session.run(None, {"sample": pictures.numpy()})
    expected = autoencoder.encode(pictures).latent_dist.parameters.numpy()
    assert computed.shape == (1, 8, 12, 20)
    assert np.abs(computed - expected).max() < 1e-4 * max(1, np.abs(expected).max())


@torch.no_grad()
def test_a_unet_takes_any_size_where_it_is_asked_to(tmp_path):
    torch.manual_seed(1)
    unet = tiny_unet(cross_attention_dim=8).eval()

    def difference(session: onnxruntime.InferenceSession, height: int, width: int) -> float:
        latents, condition = torch.randn(1, 4, height, width), torch.randn(1, 3, 8)
        inputs = {"sample": latents, "timestep": torch.tensor(7.0), "encoder_hidden_states": condition}
        (computed,) = session.run(None, {name: value.numpy() for name, value in inputs.items()})
        return np.abs(computed - unet(latents, 7.0, condition).sample.numpy()).max()

    export_unet(unet, tmp_path / "any.onnx", any_size=True)
    session = open_session(tmp_path / "any.onnx")
    assert all(difference(session, *size) < 1e-4 for size in [(9, 8), (8, 8), (5, 7)])

    export_unet(unet, tmp_path / "even.onnx")
    session = open_session(tmp_path / "even.onnx")
    assert difference(session, 10, 4) < 1e-4
    with pytest.raises(Exception, match="Concat"):
        difference(session, 9, 8)


@torch.no_grad()
def test_a_text_encoder_gives_what_its_layers_give_where_it_is_asked_to(tmp_path):
    torch.manual_seed(1)
    config = CLIPTextConfig(
        vocab_size=20,
        hidden_size=16,
        intermediate_size=32,
        num_hidden_layers=3,
        num_attention_heads=2,
        max_position_embeddings=8,
        eos_token_id=19,
    )
    text_encoder = CLIPTextModel._from_config(config, attn_implementation="eager").eval()
    export_text_encoder(text_encoder, tmp_path / "model.onnx", hidden_states=True)
    session = open_session(tmp_path / "model.onnx")
    layers = [f"hidden_states.{layer}" for layer in range(4)]
    assert [output.name for output in session.get_outputs()] == ["last_hidden_state", "pooler_output", *layers]
    ids = torch.tensor([[3, 1, 4, 1, 5, 9, 2, 19]])
    expected = text_encoder(ids, output_hidden_states=True)
    computed = session.run(["last_hidden_state", *layers], {"input_ids": ids.numpy()})
    for state, wanted in zip(computed, (expected.last_hidden_state, *expected.hidden_states), strict=True):
        assert np.abs(state - wanted.numpy()).max() < 1e-4
