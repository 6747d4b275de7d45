"""Configuration files and the command line: what is wrong is said before anything starts."""

from __future__ import annotations

from pathlib import Path

import pytest
from conftest import CONFIGS
from pydantic import ValidationError

from dediffusion_training.__main__ import build_parser, main
from dediffusion_training.configuration import (
    AutoencoderConfig,
    DecoderConfig,
    EncoderConfig,
    ReaderConfig,
    read_config,
)
from dediffusion_training.data.concepts import read_concepts

SHIPPED = Path(__file__).parents[1] / "configs"
KINDS = {
    "scenes-a-autoencoder.yaml": AutoencoderConfig,
    "scenes-a-drawing.yaml": AutoencoderConfig,
    "scenes-a.yaml": DecoderConfig,
    "scenes-critic.yaml": ReaderConfig,
    "scenes-backbone.yaml": ReaderConfig,
    "dediffusion-scenes.yaml": EncoderConfig,
    "dediffusion-scenes-noise.yaml": EncoderConfig,
    "dediffusion-scenes-three.yaml": EncoderConfig,
    "dediffusion-scenes-settled.yaml": EncoderConfig,
    "scenes-b-autoencoder.yaml": AutoencoderConfig,
    "scenes-b-drawing.yaml": AutoencoderConfig,
    "scenes-b.yaml": DecoderConfig,
    "scenes-reader.yaml": ReaderConfig,
}
#: The runs of the encoder that begin with the weights of the one before, in their order.
ENCODER_GOES_ON = [f"dediffusion-scenes-{part}.yaml" for part in ("noise", "three", "settled")]
#: What models of one domain may see more or less often.
SHARES = {"places", "styles", "object_counts"}


@pytest.mark.parametrize("name", KINDS)
def test_the_shipped_files_are_valid_and_share_their_domain(name):
    config = read_config(KINDS[name], SHIPPED / name)
    everything = read_config(ReaderConfig, SHIPPED / "scenes-reader.yaml").scenes
    assert config.scenes.model_dump(exclude=SHARES) == everything.model_dump(exclude=SHARES)
    assert config.scenes.styles.keys() == everything.styles.keys()
    assert config.scenes.object_counts.keys() <= everything.object_counts.keys()


def test_the_domain_shows_three_hundred_things_and_up_to_three_at_once():
    scenes = read_config(DecoderConfig, SHIPPED / "scenes-a.yaml").scenes
    assert len(read_concepts(scenes.concepts)) >= 300
    assert scenes.object_counts.keys() == {1, 2, 3}


def test_the_encoder_shares_nothing_with_the_decoder_and_the_reader_that_it_is_measured_with():
    own, other = (read_config(DecoderConfig, SHIPPED / name) for name in ("scenes-a.yaml", "scenes-b.yaml"))
    for key in ("prediction", "unet_channels", "text_width", "further_words"):
        assert getattr(own, key) != getattr(other, key)
    eyes, judge = (read_config(ReaderConfig, SHIPPED / f"scenes-{name}.yaml") for name in ("backbone", "reader"))
    assert eyes.widths != judge.widths


def test_no_two_models_begin_alike():
    seeds = [read_config(kind, SHIPPED / name).loop.seed for name, kind in KINDS.items()]
    assert len(set(seeds)) == len(seeds)


def test_words_that_only_move_the_others_are_no_things():
    config = read_config(DecoderConfig, SHIPPED / "scenes-b.yaml")
    assert config.further_words and not set(config.further_words) & read_concepts(config.scenes.concepts).keys()


def test_the_runs_of_the_encoder_go_on_with_the_one_before():
    first, *later = (
        read_config(EncoderConfig, SHIPPED / name).model_dump()
        for name in ("dediffusion-scenes.yaml", *ENCODER_GOES_ON)
    )
    shapes = ("tokens", "pooler_width", "pooler_layers", "pooler_heads", "logit_scale", "lowest_timestep", "name")
    assert first["lessons"] and not first["gumbel_noise"]
    for then in later:
        assert all(first[key] == then[key] for key in shapes)
        assert first["scenes"]["object_counts"][3] < then["scenes"]["object_counts"][3]
        assert then["gumbel_noise"] > 0 and not then["lessons"]
    assert later[-1]["gumbel_noise"] == 1


@pytest.mark.parametrize("name", ["scenes-a", "scenes-b"])
def test_the_autoencoders_go_on_with_the_same_latents(name):
    start, then = (
        read_config(AutoencoderConfig, SHIPPED / f"{name}-{part}.yaml") for part in ("autoencoder", "drawing")
    )
    assert (start.decoding_only, then.decoding_only) == (False, True)
    assert (start.perceptual_weight, then.perceptual_weight > 0) == (0, True)
    learning = {"loop", "decoding_only", "perceptual_weight"}
    assert then.model_dump(exclude=learning) == start.model_dump(exclude=learning)


def test_the_encoder_says_no_more_than_the_decoders_read():
    tokens = read_config(EncoderConfig, SHIPPED / "dediffusion-scenes.yaml").tokens
    for name in ("scenes-a.yaml", "scenes-b.yaml"):
        assert tokens <= read_config(DecoderConfig, SHIPPED / name).max_text_tokens - 2


@pytest.mark.parametrize("name", ["dediffusion-sd15.yaml", "dediffusion-sd21.yaml"])
def test_the_shipped_encoders_of_photographs_say_what_clip_reads(name):
    config = read_config(EncoderConfig, SHIPPED / name)
    assert (config.tokens, config.pooler_width % config.pooler_heads) == (75, 0)
    assert config.loop.batch_size * config.loop.accumulate == 256


def test_overrides_replace_single_values():
    plain = read_config(ReaderConfig, CONFIGS / "reader.yaml")
    changed = read_config(ReaderConfig, CONFIGS / "reader.yaml", {"loop.steps": 7, "widths": [4, 4]})
    assert (changed.loop.steps, changed.widths) == (7, [4, 4])
    assert changed.loop == plain.loop.model_copy(update={"steps": 7})
    assert changed.scenes == plain.scenes


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ({"loop.stepz": 7}, r"loop\.stepz\s+Extra inputs are not permitted"),
        ({"colour": "red"}, r"colour\s+Extra inputs are not permitted"),
        ({"loop.steps": 0}, r"loop\.steps\s+Input should be greater than 0"),
        ({"loop.steps": "many"}, r"loop\.steps\s+Input should be a valid integer"),
        ({"loop.precision": "float16"}, r"loop\.precision\s+String should match pattern"),
        ({"scenes.image_size": 30}, r"scenes\.image_size\s+Input should be a multiple of 8"),
        (
            {"scenes.object_counts": {2: 1.0}, "scenes.places": {1: ["top"]}},
            "places leaves no room for scenes of 2 things",
        ),
        ({"scenes.places": {1: ["top"], 2: ["middle"]}}, "places of 2 things cannot be middle"),
        ({"scenes.object_counts": {7: 1.0}}, "no room for scenes of 7 things"),
    ],
)
def test_a_wrong_value_is_refused_by_name(override, message):
    with pytest.raises(ValidationError, match=message):
        read_config(ReaderConfig, CONFIGS / "reader.yaml", override)


@pytest.mark.parametrize(
    ("lessons", "message"),
    [
        ([{"until": 0.5}, {"until": 0.2}], "each lesson must end after the one before it"),
        ([{"until": 0.5, "scenes": {"size": ["large"]}}], "Extra inputs are not permitted"),
        ([{"until": 1.0}], "less than 1"),
    ],
)
@pytest.mark.parametrize(
    ("kind", "file", "more"),
    [(DecoderConfig, "decoder.yaml", {"captions": {"complete": 1.0}}), (EncoderConfig, "encoder.yaml", {})],
    ids=["decoder", "encoder"],
)
def test_lessons_that_cannot_be_held_are_refused(kind, file, more, lessons, message):
    lessons = [{"scenes": {}} | more | lesson for lesson in lessons]
    with pytest.raises(ValidationError, match=message):
        read_config(kind, CONFIGS / file, {"lessons": lessons})


def test_a_lesson_differs_from_the_rest_in_what_it_names():
    config = read_config(DecoderConfig, CONFIGS / "decoder.yaml")
    lesson = config.lessons[0]
    assert lesson.of(config.scenes) == config.scenes.model_copy(update={"sizes": ["large"]})


def test_a_file_changes_single_keys_of_the_scenes_that_it_includes_and_replaces_their_shares(tmp_path):
    file = tmp_path / "reader.yaml"
    own = "scenes: { object_counts: { 2: 1.0 } }"
    file.write_text(f"include: {CONFIGS / 'reader.yaml'}\n{own}\n", encoding="utf-8")
    included, changed = (read_config(ReaderConfig, one) for one in (CONFIGS / "reader.yaml", file))
    assert changed.scenes.object_counts == {2: 1.0} != included.scenes.object_counts
    same = {"concepts", "object_counts"}
    assert changed.scenes.model_dump(exclude=same) == included.scenes.model_dump(exclude=same)
    assert changed.loop == included.loop


def test_a_missing_key_is_named(tmp_path):
    file = tmp_path / "reader.yaml"
    file.write_text(f"include: {CONFIGS / 'scenes.yaml'}\nwidths: [8]\ndepths: [1]\n", encoding="utf-8")
    with pytest.raises(ValidationError, match=r"loop\s+Field required"):
        read_config(ReaderConfig, file)


@pytest.mark.parametrize("name", ["lop.steps", "widths.first", "loop.steps.first"])
def test_an_unknown_group_is_named(name):
    with pytest.raises(ValueError, match=f"{name} cannot be set: .*reader.yaml has no group"):
        read_config(ReaderConfig, CONFIGS / "reader.yaml", {name: 1})


def test_the_command_line_refuses_an_unknown_key_before_it_makes_a_folder(emoji, tmp_path):
    run = tmp_path / "run"
    inputs = ["--config", str(CONFIGS / "reader.yaml"), "--emoji", str(emoji), "--run", str(run)]
    with pytest.raises(ValidationError, match=r"loop\.stepz"):
        main(["reader", *inputs, "--set", "loop.stepz=7"])
    assert not run.exists()


def test_overrides_are_yaml():
    inputs = ["reader", "--config", "reader.yaml", "--emoji", "emoji", "--run", "run"]
    arguments = build_parser().parse_args([*inputs, "--set", "loop.steps=7", "--set", "widths=[8, 16]"])
    assert arguments.set == [("loop.steps", 7), ("widths", [8, 16])]


@pytest.mark.parametrize(
    ("command", "message"),
    [
        (["paint"], "invalid choice"),
        (["reader", "--emoji", "emoji", "--run", "run"], "--config"),
        (["reader", "--config", "x", "--emoji", "x", "--run", "x", "--set", "loop.steps"], "is not NAME=VALUE"),
    ],
)
def test_a_wrong_command_says_what_is_wrong(command, message, capsys):
    with pytest.raises(SystemExit):
        main(command)
    assert message in capsys.readouterr().err
