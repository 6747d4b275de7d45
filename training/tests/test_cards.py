"""What a card tells of a training beyond the numbers of its configuration."""

from __future__ import annotations

import pytest
from conftest import CONFIGS

from dediffusion_training.cards.decoder import (
    describe_autoencoder_start,
    describe_perception,
    describe_start,
    describe_timesteps,
)
from dediffusion_training.cards.encoder import (
    describe_cuts,
    describe_earlier_texts,
    describe_helpers,
    describe_kept_step,
)
from dediffusion_training.cards.runs import describe_history, describe_lessons
from dediffusion_training.configuration import EncoderConfig, read_config


@pytest.fixture(scope="module")
def encoder_config() -> EncoderConfig:
    return read_config(EncoderConfig, CONFIGS / "encoder.yaml")


def test_every_term_that_was_in_use_is_named_and_no_other(encoder_config):
    def helpers(**weights: float) -> str:
        unused = {"diversity_weight": 0, "repeat_weight": 0, "entropy_weight": 0}
        return describe_helpers(encoder_config.model_copy(update={**unused, **weights}))

    assert helpers() == ""
    assert "undecided" in helpers(entropy_weight=0.02) and "repeats" not in helpers(entropy_weight=0.02)
    assert "100% of Gumbel's noise on the logits, which grew in the first 10%" in helpers(
        gumbel_noise=1.0, noise_growth=0.1
    )
    assert "repeats" in helpers(repeat_weight=0.1, diversity_weight=0.1)


def test_how_often_the_text_was_cut(encoder_config):
    def cuts(share: float) -> str:
        return describe_cuts(encoder_config.model_copy(update={"whole_share": share}))

    assert cuts(0.0) == "training cut the text at random lengths"
    assert cuts(0.6) == "training cut the text at random lengths in 40% of the passes"


def test_a_run_that_went_on_with_another_says_so():
    assert describe_history({}) == ""
    assert describe_history({"history": "It went on."}) == "\n\nIt went on."


def recipe(steps: int, decoding_only: bool = False, **more: object) -> dict:
    """What a run of so many steps leaves behind, on a domain of as many things."""
    loop = {"steps": steps, "batch_size": 32, "accumulate": 1}
    scenes = {"concepts": f"configs/concepts-{steps}.yaml"}
    config = {"scenes": scenes, "loop": loop, "unet_channels": [steps], "decoding_only": decoding_only}
    return {"config": config, "hours": 1.5, "hardware": "2 CPU threads", **more}


def test_a_run_that_began_with_anothers_weights_says_with_whose():
    assert describe_start(recipe(300)) == ""
    first = recipe(20, history="It had two parts.")
    said = describe_start(recipe(40, start=recipe(40, start=first, history="It was stopped once.")))
    first_to_last = ["It began", "-40.yaml", "It was stopped once.", "That one began", "-20.yaml", "It had two parts."]
    assert sorted(first_to_last, key=said.index) == first_to_last and said.count(" began ") == 2
    assert "1.50 hours on 2 CPU threads" in said
    assert said.count("twice as wide") == 1 and "[40] channels for [20]" in said


def test_an_encoder_whose_last_texts_were_not_its_best_says_which_were():
    assert describe_kept_step(recipe(3000, kept_step=3000)) == ""
    assert "step 1,250 are kept" in describe_kept_step(recipe(3000, kept_step=1250))


def test_an_encoder_that_began_with_anothers_weights_says_what_that_one_had_learned():
    assert describe_earlier_texts(recipe(300)) == ""
    first = recipe(40, kept_step=30)
    first["config"] |= {"lessons": [{"until": 0.5, "scenes": {"sizes": ["large"]}}]}
    first["config"]["scenes"]["object_counts"] = {"1": 0.4, "2": 0.6}
    said = describe_earlier_texts(recipe(300, start=first))
    assert said.startswith("\n- ") and "40% with 1 thing, 60% with 2 things" in said
    assert "40 x 32 pictures" in said and "step 30 are kept" in said and "until step 20" in said
    second = recipe(300, kept_step=300, start=first)
    second["config"] |= first["config"]
    last = describe_earlier_texts(recipe(600, start=second))
    assert last.endswith(said.replace("It began", "That one began")) and last.count(" began ") == 2


def test_an_autoencoder_that_began_with_anothers_weights_says_whether_it_kept_the_latents():
    assert describe_autoencoder_start(recipe(300)) == ""
    anew, kept = (describe_autoencoder_start(recipe(300, only, start=recipe(40))) for only in (False, True))
    assert "concepts-40.yaml" in anew and "40 x 32 pictures, 1.50 hours" in anew
    assert kept.startswith(anew) and "latents stayed" in kept and "latents" not in anew


def test_an_autoencoder_that_was_compared_through_a_readers_eyes_says_whose():
    assert describe_perception(recipe(300)) == ""
    compared = recipe(300, reader=recipe(40))
    compared["config"]["perceptual_weight"] = 3.0
    said = describe_perception(compared)
    assert "3 x" in said and "concepts-40.yaml" in said


def test_lessons_are_told_with_their_steps_and_with_their_captions_where_there_are_any():
    lesson = {"until": 0.25, "scenes": {"sizes": ["large"]}}
    config = {"loop": {"steps": 60}, "lessons": []}
    assert describe_lessons(config) == ""
    assert (
        describe_lessons({**config, "lessons": [lesson]}) == ' Lessons came first: until step 15 {"sizes": ["large"]}.'
    )
    told = describe_lessons({**config, "lessons": [lesson | {"captions": {"complete": 1.0}}]})
    assert 'with captions {"complete": 1.0}.' in told


def test_a_decoder_that_saw_more_of_much_noise_says_so():
    assert describe_timesteps({}) == describe_timesteps({"timestep_exponent": 0.0}) == ""
    assert "to the power of 1" in describe_timesteps({"timestep_exponent": 1.0})
