"""Decoders as an encoder's training sees them: any Stable Diffusion folder, gradients through it and never into it."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from diffusers import DDPMScheduler, StableDiffusionPipeline

from dediffusion_training.fixtures.miniature import build_pipeline, miniatures
from dediffusion_training.frozen_decoder import FrozenDecoder, embed_mixed_tokens, prediction_target

TEXTS = ["a large red dog", "", "blue house on a yellow background"]


@pytest.fixture(scope="module", params=miniatures(), ids=lambda miniature: miniature.name)
def pipeline(request, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, StableDiffusionPipeline]:
    folder = tmp_path_factory.mktemp(request.param.name)
    return folder, build_pipeline(request.param, folder)


@pytest.fixture(scope="module")
def decoder(pipeline) -> FrozenDecoder:
    return FrozenDecoder.load(pipeline[0])


def ids_of(decoder: FrozenDecoder, texts: list[str]) -> torch.Tensor:
    return decoder.tokenizer(texts, padding="max_length", truncation=True, return_tensors="pt").input_ids


def test_one_hot_embeddings_give_what_ids_give(decoder):
    ids = ids_of(decoder, TEXTS)
    one_hot = torch.nn.functional.one_hot(ids, len(decoder.tokenizer)).float()
    mixed = embed_mixed_tokens(decoder.text_encoder, one_hot @ decoder.token_embeddings)
    assert torch.equal(mixed, decoder.text_encoder(ids).last_hidden_state)
    # The hook is gone: ids count again.
    assert torch.equal(decoder.condition_on_texts(TEXTS), decoder.text_encoder(ids).last_hidden_state)


def test_embedded_words_give_what_the_text_gives(decoder):
    text = "red dog house sun"
    tokens = decoder.token_embeddings[ids_of(decoder, [text])[0, 1:5]]
    assert torch.equal(decoder.condition_on_embeddings(tokens[None]), decoder.condition_on_texts([text]))


def test_the_condition_is_the_one_that_the_pipeline_computes(decoder, pipeline):
    expected, _ = pipeline[1].encode_prompt(TEXTS, "cpu", 1, do_classifier_free_guidance=False)
    assert torch.allclose(decoder.condition_on_texts(TEXTS), expected, atol=1e-5)


def test_the_loss_is_the_error_of_what_the_folder_says_is_predicted(decoder, pipeline):
    torch.manual_seed(0)
    size = decoder.unet.config.sample_size
    latents, noise = torch.randn(2, 3, 4, size, size)
    timesteps = torch.tensor([10, 500, 990])
    condition = decoder.condition_on_texts(TEXTS)
    losses = decoder.diffusion_loss(latents, noise, timesteps, condition)
    signal = pipeline[1].scheduler.alphas_cumprod[timesteps].sqrt()[:, None, None, None]
    spread = (1 - pipeline[1].scheduler.alphas_cumprod[timesteps]).sqrt()[:, None, None, None]
    predicted = pipeline[1].unet(signal * latents + spread * noise, timesteps, condition).sample
    epsilon = pipeline[1].scheduler.config.prediction_type == "epsilon"
    wanted = noise if epsilon else signal * noise - spread * latents
    assert torch.allclose(losses, (predicted - wanted).square().mean(dim=(1, 2, 3)), rtol=1e-3)


def test_gradients_pass_through_and_never_in(decoder):
    size = decoder.unet.config.sample_size
    tokens = decoder.token_embeddings[torch.tensor([[300, 301]])].clone().requires_grad_()
    latents = torch.ones(1, 4, size, size)
    condition = decoder.condition_on_embeddings(tokens)
    decoder.diffusion_loss(latents, torch.zeros_like(latents), torch.tensor([700]), condition).sum().backward()
    assert tokens.grad.abs().sum() > 0
    assert all(not parameter.requires_grad and parameter.grad is None for parameter in decoder.parameters())


def test_a_folder_in_half_precision_computes_in_float32(pipeline, tmp_path):
    folder, made = pipeline
    halves = StableDiffusionPipeline.from_pretrained(folder, safety_checker=None, torch_dtype=torch.float16)
    halves.save_pretrained(tmp_path)
    decoder = FrozenDecoder.load(tmp_path)
    assert {parameter.dtype for parameter in decoder.parameters()} == {torch.float32}
    expected = made.text_encoder(ids_of(decoder, TEXTS)).last_hidden_state
    assert torch.allclose(decoder.condition_on_texts(TEXTS), expected, atol=0.05)


def test_latents_are_scaled_as_the_autoencoder_says(decoder, pipeline):
    pictures = torch.rand(2, 3, 32, 32) * 2 - 1
    means = pipeline[1].vae.encode(pictures).latent_dist.mean
    assert torch.allclose(decoder.latents(pictures), means * pipeline[1].vae.config.scaling_factor, atol=1e-5)


def test_the_longest_text_leaves_room_for_start_and_end(decoder):
    tokens = decoder.token_embeddings[torch.full((1, decoder.longest_text), 300)]
    assert decoder.condition_on_embeddings(tokens).shape[1] == decoder.tokenizer.model_max_length


def test_every_prediction_type_of_diffusers_has_its_target():
    latents, noise, timesteps = torch.ones(1, 1, 2, 2), torch.zeros(1, 1, 2, 2), torch.tensor([400])
    assert prediction_target(DDPMScheduler(prediction_type="epsilon"), latents, noise, timesteps) is noise
    assert prediction_target(DDPMScheduler(prediction_type="sample"), latents, noise, timesteps) is latents
    scheduler = DDPMScheduler(prediction_type="v_prediction")
    velocity = prediction_target(scheduler, latents, noise, timesteps)
    assert torch.allclose(velocity, -(1 - scheduler.alphas_cumprod[400]).sqrt() * latents)
