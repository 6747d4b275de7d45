"""The whole recipe in miniature, through the real commands: what is learned, exported, measured and said."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from conftest import SCENES, STEPS, Recipe, recording
from diffusers import AutoencoderKL, StableDiffusionPipeline, UNet2DConditionModel
from PIL import Image
from transformers import CLIPTextModel, CLIPTokenizer

from dediffusion_training.__main__ import main
from dediffusion_training.configuration import EncoderConfig
from dediffusion_training.data.batches import HELD_OUT_SEED, open_batches
from dediffusion_training.data.scene import COLOURS
from dediffusion_training.export.encoder import load_encoder
from dediffusion_training.export.graph import open_session
from dediffusion_training.export.pipeline import export_pipeline
from dediffusion_training.export.storage import round_weights_to_float16
from dediffusion_training.frozen_decoder import FrozenDecoder
from dediffusion_training.loop import read_recipe
from dediffusion_training.train_encoder import build_encoder, load_backbone
from dediffusion_training.train_reader import load_reader
from dediffusion_training.vocabulary import word_ids

PROMPTS = ["no text", "terse caption", "complete caption", "De-Diffusion text"]
#: Largest difference between onnxruntime and PyTorch.
TOLERANCE = 1e-3


def judged(recipe: Recipe) -> list[dict]:
    """What the encoder's run noted about its texts while it went on."""
    lines = (recipe.folder / "encoder" / "judged.jsonl").read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines]


def held_out_pictures(recipe: Recipe, count: int) -> torch.Tensor:
    _, description = load_encoder(recipe.encoder)
    config = EncoderConfig.model_validate(description["config"])
    batches = open_batches(recipe.emoji, config.scenes, seed=HELD_OUT_SEED, split="held-out")
    return batches.pictures(batches.scenes(0, count))


@pytest.mark.parametrize("command", ["autoencoder", "reader", "decoder"])
def test_the_loss_falls(command: str, trained: Recipe):
    losses = trained.recording.losses[command]
    assert np.mean(losses[-10:]) < 0.9 * np.mean(losses[:10])


@pytest.mark.parametrize("command", ["decoder", "encoder"])
def test_a_compiled_unet_takes_the_same_steps(command: str, trained: Recipe, tmp_path: Path):
    compile_code, compiled = torch.compile, []

    # Without the generation of code, which needs a compiler and minutes. A module, or the call of one.
    def trace(code: Callable, **_: object) -> Callable:
        compiled.append(getattr(code, "__self__", code))
        return compile_code(code, backend="eager")

    with recording() as plain:
        trained.train(command, tmp_path / "plain" / command, "loop.steps=3")
    with recording() as traced, pytest.MonkeyPatch.context() as patch:
        patch.setattr(torch, "compile", trace)
        trained.train(command, tmp_path / "compiled" / command, "loop.steps=3", "compile=true")
    assert [type(module) for module in compiled] == [UNet2DConditionModel]
    assert traced.losses[command] == pytest.approx(plain.losses[command], rel=1e-5)


def test_the_autoencoder_keeps_pictures_and_each_channel_of_its_latents_is_standard(trained: Recipe):
    autoencoder = AutoencoderKL.from_pretrained(trained.autoencoder)
    pictures = held_out_pictures(trained, 64)
    with torch.no_grad():
        latents = autoencoder.encode(pictures).latent_dist.mean
        drawn = autoencoder.decode(latents).sample
    latents = latents * autoencoder.config.scaling_factor
    assert latents.std().item() == pytest.approx(1, abs=0.1)
    assert latents.std(dim=(0, 2, 3)) == pytest.approx(np.ones(4), abs=0.2)
    assert latents.mean(dim=(0, 2, 3)) == pytest.approx(np.zeros(4), abs=0.5)
    grey = pictures.mean(dim=(2, 3), keepdim=True)
    assert (drawn - pictures).abs().mean() < 0.7 * (grey - pictures).abs().mean()


def test_the_decoder_is_a_stable_diffusion_pipeline(trained: Recipe):
    pipeline = StableDiffusionPipeline.from_pretrained(trained.decoder, safety_checker=None)
    pipeline.set_progress_bar_config(disable=True)
    noise = torch.randn(1, 4, 8, 8, generator=torch.Generator().manual_seed(0))
    pictures = [pipeline(text, num_inference_steps=3, latents=noise).images[0] for text in ("cat red", "sun blue")]
    assert [picture.size for picture in pictures] == [(32, 32), (32, 32)]
    assert not np.array_equal(*map(np.asarray, pictures))


def test_the_encoder_learns_and_the_decoder_does_not(trained: Recipe):
    (decoder,) = trained.recording.decoders
    before = FrozenDecoder.load(trained.decoder).state_dict()
    after = decoder.state_dict()
    assert after.keys() == before.keys()
    assert all(torch.equal(after[name].cpu(), before[name]) for name in before)
    assert all(parameter.grad is None for parameter in decoder.parameters())

    encoder = trained.recording.loops["encoder"].model
    learning = {name: parameter for name, parameter in encoder.named_parameters() if parameter.requires_grad}
    assert all(parameter.grad is not None for parameter in learning.values())
    for name in ("queries", "project.weight", "to_word.1.weight", "layers.0.to_picture.query.weight"):
        assert learning[name].grad.abs().sum() > 0


def test_the_encoders_backbone_and_words_stay_as_they_came(trained: Recipe):
    encoder, description = load_encoder(trained.encoder)
    decoder = FrozenDecoder.load(trained.decoder)
    config = EncoderConfig.model_validate(description["config"])
    backbone = load_backbone(trained.reader, config)
    fresh = build_encoder(config, decoder, backbone, description["words"])
    assert torch.equal(encoder.words, fresh.words)
    learned = dict(encoder.backbone.named_parameters())
    assert all(torch.equal(learned[name], parameter) for name, parameter in fresh.backbone.named_parameters())


def test_the_decoder_listens(trained: Recipe):
    losses = judged(trained)[0]["loss"]
    assert losses["complete caption"] < 0.9 * losses["no text"]


def test_the_encoders_texts_become_worth_more_to_the_decoder(trained: Recipe):
    # The loss of single steps says little: texts of all lengths, at noise levels of all heights. This one is of the
    # same held-out pictures under the same noises.
    first, last = judged(trained)[0]["loss"], read_recipe(trained.encoder)["held_out"]["loss"]
    assert last["de-diffusion"] < 0.95 * first["de-diffusion"]
    assert last["de-diffusion"] < last["no text"]


def test_texts_are_judged_at_the_steps_of_the_configuration(trained: Recipe):
    assert [line["step"] for line in judged(trained)] == [0, 25, 50, 75]


def test_a_decoder_whose_tokenizer_splits_a_word_is_refused(trained: Recipe):
    decoder = FrozenDecoder.load(trained.decoder)
    with pytest.raises(ValueError, match="does not keep these words whole: zebra, submarine"):
        word_ids(decoder.tokenizer, ["cat", "zebra", "sun", "submarine"])


def test_more_tokens_than_the_decoder_reads_are_refused(trained: Recipe, tmp_path: Path):
    with pytest.raises(ValueError, match="tokens is 15, but the decoder reads 14 at most"):
        trained.train("encoder", tmp_path / "encoder", "tokens=15")


@torch.no_grad()
def test_the_exported_encoder_computes_what_the_encoder_does(exported: Recipe):
    encoder, description = load_encoder(exported.encoder)
    round_weights_to_float16(encoder)
    folder = exported.models / "dediffusion-scenes"
    tokenizer = CLIPTokenizer(str(folder / "tokenizer" / "vocab.json"), str(folder / "tokenizer" / "merges.txt"))
    pictures = held_out_pictures(exported, 5)
    ids, scores, attention = open_session(folder / "model.onnx").run(None, {"pixel_values": pictures.numpy()})
    logits, where = encoder(pictures)
    likeliest = torch.softmax(logits, dim=-1).max(dim=-1)
    words = [[description["words"][index] for index in row] for row in likeliest.indices.tolist()]
    assert [[tokenizer.decode([token]).strip() for token in row] for row in ids.tolist()] == words
    assert ids.dtype == np.int64
    assert np.abs(scores - likeliest.values.numpy()).max() < TOLERANCE
    assert np.abs(attention - where.numpy()).max() < TOLERANCE
    assert np.abs(attention.sum(axis=(2, 3)) - 1).max() < TOLERANCE


def test_the_exported_encoder_describes_itself(exported: Recipe):
    folder = exported.models / "dediffusion-scenes"
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    rows, columns = config.pop("attention")
    assert config == {
        "format": "dediffusion-encoder",
        "formatVersion": 1,
        "name": "miniature",
        "imageSize": 32,
        "mean": [0.5, 0.5, 0.5],
        "std": [0.5, 0.5, 0.5],
        "tokens": 4,
        "tokenizer": "tokenizer",
        "decoder": "scenes-a",
    }
    shapes = {value.name: value.shape for value in open_session(folder / "model.onnx").get_outputs()}
    assert shapes == {
        "token_ids": ["batch_size", 4],
        "token_scores": ["batch_size", 4],
        "attention": ["batch_size", 4, rows, columns],
    }


@torch.no_grad()
def test_the_exported_reader_computes_what_the_reader_does(exported: Recipe):
    reader = load_reader(exported.reader)
    round_weights_to_float16(reader)
    pictures = held_out_pictures(exported, 5)
    session = open_session(exported.models / "scenes-reader" / "model.onnx")
    assert {value.name: value.shape for value in session.get_outputs()} == {
        "features": ["batch_size", reader.backbone.width],
        "logits": ["batch_size", len(reader.words)],
    }
    features, logits = session.run(None, {"pixel_values": pictures.numpy()})
    assert np.abs(features - reader.backbone(pictures).mean(dim=(2, 3)).numpy()).max() < TOLERANCE
    assert np.abs(logits - reader(pictures).numpy()).max() < TOLERANCE


def test_the_exported_reader_describes_itself(exported: Recipe):
    folder = exported.models / "scenes-reader"
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    words = config.pop("words")
    assert config == {
        "formatVersion": 1,
        "kind": "scene-reader",
        "imageSize": 32,
        "mean": [0.5, 0.5, 0.5],
        "std": [0.5, 0.5, 0.5],
        "things": ["cat", "car", "pizza", "tree", "fish", "house", "sun", "heart"],
        "colours": list(COLOURS),
    }
    assert words == load_reader(exported.reader).words


def test_the_readers_card_says_what_was_configured_and_measured(exported: Recipe):
    card = (exported.models / "scenes-reader" / "README.md").read_text(encoding="utf-8")
    recipe = read_recipe(exported.reader)
    for statement in (
        "32 x 32 pixels",
        f"| things | {recipe['held_out']['held_out_thing_recall']:.1%} |",
        "| steps x batch | 60 x 16 |",
        "Scenes: 100% with 1 thing;",
        "Noto Emoji",
    ):
        assert statement in card
    assert str(exported.folder) not in card


def test_nothing_exported_names_a_folder_of_this_machine(exported: Recipe):
    files = list(exported.models.rglob("*.json"))
    assert {"config.json", "model_index.json", "scheduler_config.json"} <= {file.name for file in files}
    for file in files:
        assert str(exported.folder) not in file.read_text(encoding="utf-8")


@torch.no_grad()
def test_the_exported_decoder_computes_what_the_pipeline_does(exported: Recipe):
    source, folder = exported.decoder, exported.models / "scenes-a"
    parts = {
        "text_encoder": CLIPTextModel.from_pretrained(source / "text_encoder"),
        "unet": UNet2DConditionModel.from_pretrained(source / "unet"),
        "vae_decoder": AutoencoderKL.from_pretrained(source / "vae"),
    }
    for module in parts.values():
        round_weights_to_float16(module)
    noise = torch.Generator().manual_seed(3)
    # One picture, wider than high: neither is the size of the example that the graphs were made from.
    latents = torch.randn(1, 4, 8, 24, generator=noise)

    def check(part: str, inputs: dict[str, torch.Tensor], expected: torch.Tensor) -> None:
        session = open_session(folder / part / "model.onnx")
        computed = session.run(None, {name: value.numpy() for name, value in inputs.items()})[0]
        assert np.abs(computed - expected.numpy()).max() < TOLERANCE * max(1, expected.abs().max().item())

    tokenizer = CLIPTokenizer.from_pretrained(folder / "tokenizer")
    ids = tokenizer(["large cat left"], padding="max_length", truncation=True, return_tensors="pt").input_ids
    condition = parts["text_encoder"](ids).last_hidden_state
    check("text_encoder", {"input_ids": ids}, condition)
    timestep = torch.tensor(321.5)
    inputs = {"sample": latents, "timestep": timestep, "encoder_hidden_states": condition}
    check("unet", inputs, parts["unet"](latents, timestep, condition).sample)
    check("vae_decoder", {"latent_sample": latents}, parts["vae_decoder"].decode(latents).sample)


def test_another_kind_of_pipeline_is_refused(tmp_path: Path):
    (tmp_path / "model_index.json").write_text('{"_class_name": "FluxPipeline"}', encoding="utf-8")
    with pytest.raises(ValueError, match="holds a FluxPipeline, not a StableDiffusionPipeline"):
        export_pipeline(tmp_path, tmp_path / "exported")


@pytest.fixture(scope="module")
def evaluation(evaluated: Recipe) -> dict:
    return json.loads((evaluated.evaluation / "evaluation.json").read_text(encoding="utf-8"))


def test_the_evaluation_measures_every_prompt(evaluation: dict):
    assert evaluation["scenes"] == SCENES
    assert evaluation["drawing"] == {"steps": STEPS, "guidance_scale": 1.5}
    for measure in ("diffusion_loss", "psnr"):
        assert list(evaluation[measure]) == PROMPTS
        for value in evaluation[measure].values():
            assert 0 < value["low"] < value["mean"] < value["high"]
    assert all(0 <= share <= 1 for share in evaluation["naming"].values())


def test_the_evaluation_quotes_the_encoders_texts(evaluated: Recipe, evaluation: dict):
    encoder, description = load_encoder(evaluated.encoder)
    config = EncoderConfig.model_validate(description["config"])
    batches = open_batches(evaluated.emoji, config.scenes, seed=HELD_OUT_SEED + 1, split="held-out")
    with torch.no_grad():
        picks = encoder(batches.pictures(batches.scenes(0, SCENES)))[0].argmax(dim=-1)
    texts = [" ".join(description["words"][index] for index in row) for row in picks.tolist()]
    assert [example["text"] for example in evaluation["examples"]] == texts[:12]
    assert evaluation["naming"]["different_texts"] == len(set(texts)) / SCENES


def test_the_contact_sheet_has_a_row_for_the_originals_and_each_prompt(evaluated: Recipe):
    with Image.open(evaluated.evaluation / "contact-sheet.png") as sheet:
        assert sheet.size == (12 * 32, 5 * 32)


def test_the_encoders_card_says_what_was_configured_and_measured(evaluated: Recipe, evaluation: dict):
    card = (evaluated.models / "dediffusion-scenes" / "README.md").read_text(encoding="utf-8")
    reader = read_recipe(evaluated.reader)["held_out"]
    naming = evaluation["naming"]
    for statement in (
        "a picture in, 4\nwords out",
        f"held-out recall {reader['held_out_word_recall']:.1%} of words",
        "100 x 32 pictures",
        "Scenes: 100% with 1 thing; one thing left or right or top or bottom or in the middle; styles: 100% flat;",
        f"On {SCENES} held-out scenes",
        f"drawn in {STEPS} DDIM steps at guidance scale 1.5",
        f"| different texts | {naming['different_texts']:.1%} |",
        f"| background colour named | {naming['background']:.1%} |",
        f"| drawn things that are named | {naming['thing_recall']:.1%} |",
        f"| named things that are drawn | {naming['thing_precision']:.1%} |",
        f"| {evaluation['examples'][0]['caption']} | {evaluation['examples'][0]['text']} |",
        "Noto Emoji",
    ):
        assert statement in card
    # Its scenes have no glossy ones.
    assert "Fluent" not in card
    for name in PROMPTS:
        assert table_row(name, evaluation) in card
    assert str(evaluated.folder) not in card


def test_the_decoders_card_says_what_was_configured_and_measured(evaluated: Recipe, evaluation: dict):
    card = (evaluated.models / "scenes-a" / "README.md").read_text(encoding="utf-8")
    for statement in (
        "for emoji scenes, 32 x 32 pixels",
        "10% empty, 10% terse (the things alone), 30% complete, 50% bags of words",
        "Word embeddings were blended\nin 30% of them",
        'Lessons came first: until step 45 {"sizes": ["large"]} with captions {"complete": 1.0}; no blends.',
        "| steps x batch | 40 x 8 | 150 x 48 |",
        "v_prediction, linear betas |",
        f"On {SCENES} held-out scenes",
    ):
        assert statement in card
    for name in PROMPTS:
        assert table_row(name, evaluation) in card
    assert str(evaluated.folder) not in card


def test_the_third_partys_card_says_that_the_encoder_never_saw_it(evaluated: Recipe, evaluation: dict):
    card = (evaluated.models / "scenes-b" / "README.md").read_text(encoding="utf-8")
    assert card.startswith("# scenes-b\n")
    assert "trained without it, its text encoder or its tokenizer" in card
    for name in PROMPTS:
        assert table_row(name, evaluation) in card


def test_a_third_party_without_its_evaluation_is_refused(evaluated: Recipe):
    folders = ["--encoder", str(evaluated.encoder), "--decoder", str(evaluated.decoder)]
    evaluation = ["--evaluation", str(evaluated.evaluation / "evaluation.json"), "--models", str(evaluated.models)]
    with pytest.raises(SystemExit, match="--third-party-evaluation"):
        main(["cards", *folders, *evaluation, "--third-party", str(evaluated.decoder)])


def table_row(name: str, evaluation: dict) -> str:
    loss, psnr = evaluation["diffusion_loss"][name], evaluation["psnr"][name]
    cells = [
        f"{loss['mean']:.4f} ({loss['low']:.4f} to {loss['high']:.4f})",
        f"{psnr['mean']:.2f} ({psnr['low']:.2f} to {psnr['high']:.2f})",
    ]
    return f"| {name} | {cells[0]} | {cells[1]} |"


@pytest.mark.parametrize(
    ("command", "override"), [("autoencoder", "latent_noise=0.5"), ("reader", "softened_share=1.0")]
)
def test_what_makes_learning_harder_does(command: str, override: str, trained: Recipe, tmp_path: Path):
    with recording() as plain:
        trained.train(command, tmp_path / "plain" / command, "loop.steps=1")
    with recording() as harder:
        trained.train(command, tmp_path / "harder" / command, "loop.steps=1", override)
    assert harder.losses[command] != plain.losses[command]


def test_further_words_are_whole_words_of_the_tokenizer(trained: Recipe, tmp_path: Path):
    trained.train("decoder", tmp_path / "decoder", "loop.steps=1", "further_words=[anchor]")
    tokenizer = CLIPTokenizer.from_pretrained(tmp_path / "decoder" / "pipeline" / "tokenizer")
    assert tokenizer.tokenize("anchor") == ["anchor</w>"]
    assert CLIPTokenizer.from_pretrained(trained.decoder / "tokenizer").tokenize("anchor") != ["anchor</w>"]
