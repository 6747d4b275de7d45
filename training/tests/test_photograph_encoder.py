"""An encoder of photographs through Stable Diffusion's dialect: trained, resumed, in two processes, exported."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import torch
from conftest import CONFIGS, Recording, recording
from photographs import (
    MEAN,
    STD,
    VISION_SIZE,
    vision_models,
    write_pictures,
    write_shards,
    write_stable_diffusion,
    write_vision_model,
)
from test_resume import Stopped, checkpoint, same, stop_at
from transformers import CLIPTokenizer

from dediffusion_training.__main__ import main
from dediffusion_training.cards.photographs import photograph_card
from dediffusion_training.configuration import EncoderConfig, read_config
from dediffusion_training.domains import open_domain
from dediffusion_training.encoder_folder import build_pooler, load_encoder
from dediffusion_training.export.encoder import ExportedEncoder
from dediffusion_training.export.graph import export_graph, open_session
from dediffusion_training.export.storage import round_weights_to_float16
from dediffusion_training.fixtures.miniature import build_pipeline, miniatures
from dediffusion_training.frozen_decoder import FrozenDecoder
from dediffusion_training.loop import read_recipe
from dediffusion_training.models.encoder import DeDiffusionEncoder
from dediffusion_training.models.vision import VisionBackbone
from dediffusion_training.vocabulary import whole_words, word_ids

TOLERANCE = 1e-3


@dataclass(frozen=True)
class Chain:
    """The folders of one run."""

    folder: Path
    recording: Recording

    @property
    def decoder(self) -> Path:
        return self.folder / "stable-diffusion"

    @property
    def encoder(self) -> Path:
        return self.folder / "run" / "encoder"

    @property
    def exported(self) -> Path:
        return self.folder / "exported"

    def arguments(self, run: str, photographs: str, *overrides: str) -> list[str]:
        settings = [part for override in overrides for part in ("--set", override)]
        return [
            *("encoder", "--config", str(CONFIGS / "photographs.yaml"), "--run", str(self.folder / run)),
            *("--decoder", str(self.decoder), "--backbone", str(self.folder / "vision")),
            *("--photographs", str(self.folder / photographs), *settings),
        ]

    def train(self, run: str, photographs: str = "pictures", *overrides: str) -> None:
        main(self.arguments(run, photographs, *overrides))


@pytest.fixture(scope="module")
def chain(tmp_path_factory: pytest.TempPathFactory) -> Chain:
    """Trained on a folder, and exported."""
    folder = tmp_path_factory.mktemp("chain")
    torch.manual_seed(0)
    write_stable_diffusion(miniatures()[0], folder / "stable-diffusion")
    write_vision_model("clip-vision", folder / "vision")
    write_pictures(folder / "pictures")
    write_shards(folder / "shards")
    with recording() as kept:
        chain = Chain(folder, kept)
        chain.train("run")
    source, decoder = str(chain.encoder), ["--decoder", str(chain.decoder), "--decoder-name", "my-diffusion"]
    main(["export-encoder", source, str(chain.exported), *decoder])
    return chain


def test_the_pooler_learns_and_nothing_else_does(chain: Chain):
    (decoder,) = chain.recording.decoders
    fresh = FrozenDecoder.load(chain.decoder).state_dict()
    assert all(torch.equal(value, fresh[name]) for name, value in decoder.state_dict().items())
    assert all(parameter.grad is None for parameter in decoder.parameters())
    encoder, _ = load_encoder(chain.encoder)
    eyes = VisionBackbone.load(chain.folder / "vision", layer=-2).state_dict()
    assert all(torch.equal(value, eyes[name]) for name, value in encoder.backbone.state_dict().items())
    pooler = chain.recording.loops["run"].model
    assert all(parameter.grad.any() for parameter in pooler.parameters())
    assert all(np.isfinite(loss) for loss in chain.recording.losses["run"])


def test_texts_are_judged_without_scenes(chain: Chain):
    lines = (chain.folder / "run" / "judged.jsonl").read_text(encoding="utf-8").splitlines()
    assert [json.loads(line)["step"] for line in lines] == [0, 4]
    judged = read_recipe(chain.encoder)["held_out"]
    assert list(judged["loss"]) == ["no text", "another picture's text", "de-diffusion"]
    assert 0 < judged["different_texts"] <= 1
    _, description = load_encoder(chain.encoder)
    assert {word for text in judged["examples"] for word in text.split(" ")} <= set(description["words"])


def test_a_run_that_was_stopped_ends_like_one_that_was_not(chain: Chain):
    with pytest.MonkeyPatch.context() as patch, pytest.raises(Stopped):
        stop_at(4, patch)
        chain.train("stopped")
    assert checkpoint(chain.folder / "stopped")["step"] == 3
    chain.train("stopped")
    whole, resumed = (checkpoint(chain.folder / run) for run in ("run", "stopped"))
    assert same(whole["model"], resumed["model"])
    assert same(whole["average"], resumed["average"])


def test_shards_are_trained_on_and_their_ruins_counted(chain: Chain):
    chain.train("shards", "shards", "loop.steps=4")
    assert read_recipe(chain.folder / "shards" / "encoder")["unreadable"] > 0


def test_half_precision_is_what_the_frozen_networks_are_held_in_where_the_hardware_has_it(chain: Chain, monkeypatch):
    monkeypatch.setattr("dediffusion_training.train_encoder.computes_bfloat16", lambda device: True)
    with recording() as kept:
        chain.train("half", "pictures", "loop.steps=1", "frozen_weights=bfloat16")
    assert {parameter.dtype for parameter in kept.decoders[0].parameters()} == {torch.bfloat16}
    assert {parameter.dtype for parameter in kept.loops["half"].model.parameters()} == {torch.float32}
    assert kept.losses["half"] == pytest.approx(chain.recording.losses["run"][:1], rel=0.05)


@pytest.mark.skipif(torch.cuda.is_available(), reason="two processes would want two GPUs")
def test_two_processes_take_the_steps_that_one_takes_with_twice_as_many_passes(chain: Chain):
    # One takes two passes a step, each of the two takes one. The sums differ in the order of their terms.
    arguments = chain.arguments("two", "pictures", "loop.accumulate=1", "loop.steps=3")
    # What `accelerate launch` tells the processes that it starts on GPUs; on a CPU it would ask for MPI.
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    path = os.pathsep.join([str(Path(__file__).parents[1] / "src"), os.environ.get("PYTHONPATH", "")])
    together = {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port), "WORLD_SIZE": "2", "OMP_NUM_THREADS": "1"}
    started = [
        subprocess.Popen(
            [sys.executable, "-m", "dediffusion_training", *arguments],
            env={**os.environ, **together, "PYTHONPATH": path, "RANK": rank, "LOCAL_RANK": rank},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for rank in ("0", "1")
    ]
    outputs = [process.communicate() for process in started]
    assert [process.returncode for process in started] == [0, 0], outputs
    # The first one speaks for both.
    assert str(chain.folder / "two" / "encoder") in outputs[0][0]
    assert outputs[1][0] == ""
    assert read_recipe(chain.folder / "two" / "encoder")["hardware"] == "2 x 1 CPU thread"
    chain.train("one", "pictures", "loop.steps=3")
    one, two = (checkpoint(chain.folder / run)["model"] for run in ("one", "two"))
    assert all(torch.allclose(one[name], two[name], atol=1e-5) for name in one)


@torch.no_grad()
def test_the_exported_encoder_computes_what_the_encoder_does(chain: Chain):
    encoder, description = load_encoder(chain.encoder)
    round_weights_to_float16(encoder)
    pixels = torch.randn(3, 3, VISION_SIZE, VISION_SIZE, generator=torch.Generator().manual_seed(1))
    session = open_session(chain.exported / "model.onnx")
    ids, scores, attention = session.run(None, {"pixel_values": pixels.numpy()})
    logits, where = encoder(pixels)
    likeliest = torch.softmax(logits, dim=-1).max(dim=-1)
    tokenizer = CLIPTokenizer.from_pretrained(chain.decoder / "tokenizer")
    assert ids.tolist() == word_ids(tokenizer, description["words"])[likeliest.indices].tolist()
    assert np.abs(scores - likeliest.values.numpy()).max() < TOLERANCE
    assert np.abs(attention - where.numpy()).max() < TOLERANCE


def test_the_exported_folder_describes_itself(chain: Chain):
    assert json.loads((chain.exported / "config.json").read_text(encoding="utf-8")) == {
        "format": "dediffusion-encoder",
        "formatVersion": 1,
        "name": "miniature of photographs",
        "imageSize": VISION_SIZE,
        "mean": MEAN,
        "std": STD,
        "tokens": 5,
        "attention": [3, 3],
        "tokenizer": "tokenizer",
        "decoder": "my-diffusion",
    }
    card = (chain.exported / "README.md").read_text(encoding="utf-8")
    judged = read_recipe(chain.encoder)["held_out"]
    for statement in (
        f"{VISION_SIZE} x {VISION_SIZE} pixels in, 5 words out",
        "frozen decoder `stable-diffusion` at 32 x 32",
        "vision model `vision` (clip_vision_model)",
        "6 steps of 3 x 2 photographs",
        f"| de-diffusion | {judged['loss']['de-diffusion']:.4f} |",
        f"- {judged['examples'][0]}",
    ):
        assert statement in card
    assert str(chain.folder) not in card and "It began" not in card


def test_an_encoder_that_went_on_with_another_says_so_in_its_card(chain: Chain):
    main([*chain.arguments("further", "pictures", "loop.steps=2"), "--start", str(chain.encoder)])
    encoder, description = load_encoder(chain.folder / "further" / "encoder")
    card = photograph_card(encoder, description, read_recipe(chain.folder / "further" / "encoder"))
    assert "2 steps of 3 x 2 photographs" in card
    assert "It began with the weights of an encoder that had learned for 6 steps" in card


@pytest.mark.parametrize("name", vision_models())
def test_any_vision_model_becomes_eyes(name: str, tmp_path: Path):
    torch.manual_seed(1)
    backbone = VisionBackbone.load(write_vision_model(name, tmp_path / "vision"), layer=-2)
    assert (backbone.image_size, backbone.rows, backbone.width) == (VISION_SIZE, 3, 32)
    config = read_config(EncoderConfig, CONFIGS / "photographs.yaml")
    pooler = build_pooler(config, backbone.width, backbone.rows, torch.randn(20, 16))
    encoder = DeDiffusionEncoder(backbone, pooler, VISION_SIZE)
    pictures = torch.rand(2, 3, 64, 64) * 2 - 1
    with torch.no_grad():
        logits, where = encoder.eval()(backbone.prepare(pictures))
    assert (logits.shape, where.shape) == ((2, 5, 20), (2, 5, 3, 3))
    if name.startswith("clip"):
        # The chain above exports such a one.
        return
    names = ["pixel_values", "token_ids", "token_scores", "attention"]
    # Raises where onnxruntime computes something else.
    export_graph(
        ExportedEncoder(encoder, torch.arange(20)),
        {"pixel_values": torch.randn(2, 3, VISION_SIZE, VISION_SIZE)},
        names[1:],
        tmp_path / "model.onnx",
        dynamic={part: {0: "batch_size"} for part in names},
    )


def test_pictures_are_prepared_as_the_vision_model_says(tmp_path: Path):
    backbone = VisionBackbone.load(write_vision_model("clip-vision", tmp_path))
    white = backbone.prepare(torch.ones(1, 3, 64, 64))
    assert white.shape == (1, 3, VISION_SIZE, VISION_SIZE)
    assert white[0, :, 5, 5].tolist() == pytest.approx([(1 - m) / s for m, s in zip(MEAN, STD, strict=True)], rel=1e-5)


def test_a_vision_model_that_does_not_say_how_it_wants_pictures_is_refused(tmp_path: Path):
    write_vision_model("clip-vision", tmp_path)
    (tmp_path / "preprocessor_config.json").unlink()
    with pytest.raises(ValueError, match=r"has no preprocessor_config\.json"):
        VisionBackbone.load(tmp_path)


@pytest.mark.parametrize("miniature", miniatures(), ids=lambda miniature: miniature.name)
def test_the_dialect_of_published_folders_is_read(miniature, tmp_path: Path):
    build_pipeline(miniature, tmp_path / "plain")
    plain = FrozenDecoder.load(tmp_path / "plain")
    published = FrozenDecoder.load(write_stable_diffusion(miniature, tmp_path / "published"))
    texts = ["a large red dog", "café"]
    assert torch.allclose(published.condition_on_texts(texts), plain.condition_on_texts(texts), atol=1e-3)
    for name, value in plain.unet.state_dict().items():
        assert torch.equal(published.unet.state_dict()[name], value.half().float())


def test_checkpointed_activations_give_the_same_gradients(tmp_path: Path):
    build_pipeline(miniatures()[1], tmp_path)
    gradients, kept = [], []
    for checkpoint_activations in (False, True):
        decoder = FrozenDecoder.load(tmp_path, checkpoint_activations=checkpoint_activations)
        size = decoder.unet.config.sample_size
        noise = torch.Generator().manual_seed(0)
        latents, other = torch.randn(2, 2, 4, size, size, generator=noise)
        tokens = decoder.token_embeddings[torch.tensor([[300, 301], [302, 303]])].clone().requires_grad_()
        bytes_kept = 0

        def count(tensor: torch.Tensor) -> torch.Tensor:
            nonlocal bytes_kept
            bytes_kept += tensor.nbytes
            return tensor

        with torch.autograd.graph.saved_tensors_hooks(count, lambda tensor: tensor):
            condition = decoder.condition_on_embeddings(tokens)
            loss = decoder.diffusion_loss(latents, other, torch.tensor([700, 800]), condition).sum()
        loss.backward()
        gradients.append(tokens.grad)
        kept.append(bytes_kept)
        assert all(parameter.grad is None for parameter in decoder.parameters())
    assert gradients[0].any()
    assert torch.allclose(*gradients, rtol=1e-4, atol=1e-7)
    assert kept[1] < kept[0] / 2


@pytest.mark.parametrize(
    ("remove", "add", "message"),
    [("unet", None, "it has no unet"), (None, "text_encoder_2", "has two text encoders, as SDXL has")],
)
def test_other_folders_are_refused(remove, add, message, tmp_path: Path):
    for part in ("tokenizer", "text_encoder", "unet", "vae", "scheduler", add):
        if part and part != remove:
            (tmp_path / part).mkdir()
    with pytest.raises(ValueError, match=message):
        FrozenDecoder.load(tmp_path)


def test_words_are_those_that_a_person_can_read(chain: Chain):
    tokenizer = CLIPTokenizer.from_pretrained(chain.decoder / "tokenizer")
    words = whole_words(tokenizer)
    assert {"cat", "house", "café", "größe", "garçon"} <= set(words)
    assert not {"a", "собака", "猫", "קטה"} & set(words)
    ids = word_ids(tokenizer, words)
    assert ids.tolist() == sorted(ids.tolist())
    text = " ".join(reversed(words))
    assert tokenizer(text, add_special_tokens=False).input_ids == ids.flip(0).tolist()


def test_a_word_list_narrows_the_words_down(chain: Chain, tmp_path: Path):
    (tmp_path / "words").write_text("Cat\nhouse\nzebra\n", encoding="utf-8")
    listed = {"photographs.word_list": str(tmp_path / "words")}
    config = read_config(EncoderConfig, CONFIGS / "photographs.yaml", listed)
    tokenizer = CLIPTokenizer.from_pretrained(chain.decoder / "tokenizer")
    domain = open_domain(config, str(chain.folder / "pictures"), tokenizer)
    assert sorted(domain.words) == ["cat", "house"]


@pytest.mark.parametrize(
    ("config", "given", "message"),
    [("photographs.yaml", "--emoji", "give --photographs"), ("encoder.yaml", "--photographs", "give --emoji")],
)
def test_pictures_of_the_wrong_kind_are_refused_before_anything_starts(config, given, message, tmp_path: Path):
    run = tmp_path / "run"
    folders = ["--decoder", "d", "--backbone", "b", given, "p", "--run", str(run)]
    with pytest.raises(SystemExit, match=message):
        main(["encoder", "--config", str(CONFIGS / config), *folders])
    assert not run.exists()


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ({"photographs": None}, "either scenes or photographs"),
        ({"pool_pictures": 5}, "pool_pictures goes with scenes"),
    ],
)
def test_an_encoder_is_trained_on_one_kind_of_pictures(override, message):
    with pytest.raises(ValueError, match=message):
        read_config(EncoderConfig, CONFIGS / "photographs.yaml", override)
