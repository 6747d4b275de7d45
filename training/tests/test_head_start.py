"""Models that begin with another's weights: what they take over, what they refuse, and that they are ahead."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from conftest import CONFIGS, Recipe, recording
from diffusers import AutoencoderKL, UNet2DConditionModel
from transformers import CLIPTextModel, CLIPTokenizer

from dediffusion_training.__main__ import main
from dediffusion_training.configuration import DecoderConfig, read_config
from dediffusion_training.encoder_folder import load_encoder
from dediffusion_training.head_start import take_head_start
from dediffusion_training.loop import read_recipe
from dediffusion_training.tokenizer import build_tokenizer
from dediffusion_training.train_decoder import build_text_encoder, build_unet

#: Some words of the miniature's, in another order, and one that it never saw.
WORDS = ["balloon", "flat", "sun", "large", "cat"]


def begin(
    trained: Recipe, folder: Path, **changes: object
) -> tuple[CLIPTokenizer, CLIPTextModel, UNet2DConditionModel]:
    """Untrained networks with the miniature's weights, for texts of `WORDS`."""
    torch.manual_seed(0)
    config = read_config(DecoderConfig, CONFIGS / "decoder.yaml", changes)
    tokenizer = build_tokenizer(WORDS, config.max_text_tokens, folder / "tokenizer")
    autoencoder = AutoencoderKL.from_pretrained(trained.autoencoder)
    text_encoder, unet = build_text_encoder(config, tokenizer), build_unet(config, autoencoder)
    take_head_start(text_encoder, unet, tokenizer, trained.decoder)
    return tokenizer, text_encoder, unet


def embedding(tokenizer: CLIPTokenizer, text_encoder: CLIPTextModel, word: str) -> torch.Tensor:
    (token,) = tokenizer(word, add_special_tokens=False).input_ids
    return text_encoder.embeddings.token_embedding.weight[token]


def test_words_keep_their_meanings_whatever_their_ids(trained: Recipe, tmp_path: Path):
    tokenizer, text_encoder, _ = begin(trained, tmp_path)
    elder = CLIPTextModel.from_pretrained(trained.decoder / "text_encoder")
    elders_tokenizer = CLIPTokenizer.from_pretrained(trained.decoder / "tokenizer")
    for word in WORDS[1:]:
        own, taken = embedding(tokenizer, text_encoder, word), embedding(elders_tokenizer, elder, word)
        assert torch.equal(own, taken)
    assert tokenizer.bos_token_id != elders_tokenizer.bos_token_id
    assert torch.equal(
        text_encoder.embeddings.token_embedding.weight[tokenizer.bos_token_id],
        elder.embeddings.token_embedding.weight[elders_tokenizer.bos_token_id],
    )
    deviation = elder.embeddings.token_embedding.weight.std().item()
    assert embedding(tokenizer, text_encoder, "balloon").std().item() == pytest.approx(deviation, rel=0.5)


@pytest.mark.parametrize("length", [9, 16, 21])
def test_everything_else_is_the_elders_as_far_as_texts_go(length: int, trained: Recipe, tmp_path: Path):
    _, text_encoder, unet = begin(trained, tmp_path, max_text_tokens=length)
    taken = UNet2DConditionModel.from_pretrained(trained.decoder / "unet").state_dict()
    assert all(torch.equal(weight, taken[name]) for name, weight in unet.state_dict().items())
    elder = CLIPTextModel.from_pretrained(trained.decoder / "text_encoder").state_dict()
    for name, weight in text_encoder.state_dict().items():
        if "token_embedding" not in name:
            common = min(len(weight), len(elder[name]))
            assert torch.equal(weight[:common], elder[name][:common])
    assert text_encoder.config.max_position_embeddings == length


@pytest.mark.parametrize(
    ("changes", "part"),
    [({"unet_channels": [16, 48]}, "unet"), ({"text_layers": 2}, "text_encoder"), ({"text_width": 48}, "text_encoder")],
)
def test_another_architecture_is_refused_by_name(changes: dict, part: str, trained: Recipe, tmp_path: Path):
    with pytest.raises(ValueError, match=f"{part} has another architecture"):
        begin(trained, tmp_path, **changes)


def test_it_is_ahead_of_one_that_begins_with_nothing(trained: Recipe, tmp_path: Path):
    settings = ["loop.steps=6", "loop.warmup_steps=6", "lessons=[]"]
    with recording() as anew:
        trained.train("decoder", tmp_path / "anew" / "decoder", *settings)
    with recording() as ahead:
        arguments = trained.arguments("decoder", tmp_path / "ahead" / "decoder", *settings)
        main([*arguments, "--start", str(trained.decoder)])
    assert np.mean(ahead.losses["decoder"]) < 0.8 * np.mean(anew.losses["decoder"])
    recipe = read_recipe(tmp_path / "ahead" / "decoder" / "pipeline")
    assert recipe["start"]["config"]["loop"]["steps"] == read_recipe(trained.decoder)["config"]["loop"]["steps"]
    assert "start" not in read_recipe(trained.decoder)


def go_on(trained: Recipe, folder: Path, *settings: str, start: Path | None = None) -> Path:
    """An autoencoder that began with the miniature's weights, or with those in `start`."""
    arguments = trained.arguments("autoencoder", folder / "autoencoder", *settings, "loop.warmup_steps=6")
    main([*arguments, "--start", str(start or trained.autoencoder)])
    return folder / "autoencoder" / "autoencoder"


def test_an_autoencoder_that_learns_decoding_only_keeps_its_latents(trained: Recipe, tmp_path: Path):
    shutil.copytree(trained.autoencoder, tmp_path / "elder")
    elder = AutoencoderKL.from_pretrained(trained.autoencoder)
    # As it was before latents were standard, and is in other people's.
    elder.register_to_config(scaling_factor=0.18)
    elder.save_config(tmp_path / "elder")
    settings = ("loop.steps=6", "decoding_only=true")
    taught = AutoencoderKL.from_pretrained(go_on(trained, tmp_path, *settings, start=tmp_path / "elder"))
    assert taught.config.scaling_factor == elder.config.scaling_factor == 0.18
    weights = elder.state_dict()
    changed = {name for name, weight in taught.state_dict().items() if not torch.equal(weight, weights[name])}
    assert {name.split(".")[0] for name in changed} == {"decoder", "post_quant_conv"}


def test_an_autoencoder_is_ahead_of_one_that_begins_with_nothing(trained: Recipe, tmp_path: Path):
    with recording() as anew:
        trained.train("autoencoder", tmp_path / "anew" / "autoencoder", "loop.steps=6", "loop.warmup_steps=6")
    with recording() as ahead:
        folder = go_on(trained, tmp_path / "ahead", "loop.steps=6")
    # Both see the same pictures.
    assert (np.array(ahead.losses["autoencoder"]) < 0.95 * np.array(anew.losses["autoencoder"])).all()
    taught, elder = (AutoencoderKL.from_pretrained(part) for part in (folder, trained.autoencoder))
    assert not torch.equal(taught.encoder.conv_in.weight, elder.encoder.conv_in.weight)
    assert not torch.equal(taught.quant_conv.weight, elder.quant_conv.weight)
    assert read_recipe(folder)["start"] == read_recipe(trained.autoencoder)


def test_latents_can_only_be_kept_of_an_autoencoder_that_is_named(trained: Recipe, tmp_path: Path):
    with pytest.raises(ValueError, match="--start"):
        trained.train("autoencoder", tmp_path / "autoencoder", "decoding_only=true")


def test_an_autoencoder_of_another_architecture_is_refused_by_name(trained: Recipe, tmp_path: Path):
    with pytest.raises(ValueError, match="autoencoder has another architecture"):
        go_on(trained, tmp_path, "latent_channels=7")


def teach_on(trained: Recipe, folder: Path, start: Path, *settings: str) -> Path:
    """An encoder that began with the weights of the one in `start`."""
    arguments = trained.arguments("encoder", folder / "encoder", "loop.warmup_steps=6", *settings)
    main([*arguments, "--start", str(start)])
    return folder / "encoder" / "encoder"


def test_an_encoder_goes_on_with_the_texts_of_the_one_it_began_with(trained: Recipe, tmp_path: Path):
    folder = teach_on(trained, tmp_path, trained.encoder, "loop.steps=2", "lessons=[]", "judge_every=1")
    first = json.loads((folder.parent / "judged.jsonl").read_text(encoding="utf-8").splitlines()[0])
    elder = read_recipe(trained.encoder)
    assert first["loss"]["de-diffusion"] == pytest.approx(elder["held_out"]["loss"]["de-diffusion"], abs=1e-3)
    assert first["examples"] == elder["held_out"]["examples"]
    assert read_recipe(folder)["start"] == elder
    assert "start" not in elder


def test_an_encoder_of_other_words_or_another_architecture_is_refused_by_name(trained: Recipe, tmp_path: Path):
    with pytest.raises(ValueError, match="encoder has another architecture"):
        teach_on(trained, tmp_path, trained.encoder, "tokens=5")
    stranger = shutil.copytree(trained.encoder, tmp_path / "stranger")
    description = load_encoder(stranger)[1]
    description["words"][0] = "zebra"
    (stranger / "encoder.json").write_text(json.dumps(description), encoding="utf-8")
    with pytest.raises(ValueError, match="stranger chooses from other words"):
        teach_on(trained, tmp_path, stranger)
