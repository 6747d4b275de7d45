"""`python -m dediffusion_training <command>`: every part of the recipe as one resumable command."""

from __future__ import annotations

import argparse
from pathlib import Path

import yaml

from .configuration import AutoencoderConfig, DecoderConfig, EncoderConfig, ReaderConfig, SceneFile, read_config


def build_parser() -> argparse.ArgumentParser:
    """The commands and their arguments."""
    parser = argparse.ArgumentParser(prog="dediffusion_training", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)

    autoencoder = _training_command(commands, "autoencoder", "train the autoencoder of a decoder")
    autoencoder.add_argument("--start", type=Path, help="folder that `autoencoder` printed: begin with its weights")
    autoencoder.add_argument("--reader", type=Path, help="folder that `reader` printed: its eyes for perceptual_weight")
    decoder = _training_command(commands, "decoder", "train a text-to-image decoder on an autoencoder's latents")
    decoder.add_argument("--autoencoder", type=Path, required=True, help="folder that `autoencoder` printed")
    decoder.add_argument(
        "--start", type=Path, help="folder that `decoder` printed: begin with its weights, and with its words' meanings"
    )
    _training_command(commands, "reader", "train the reader, whose backbone the encoder takes")
    encoder = commands.add_parser("encoder", help="train a De-Diffusion encoder through a frozen decoder")
    _training_arguments(encoder)
    encoder.add_argument("--decoder", type=Path, required=True, help="any folder of a StableDiffusionPipeline")
    pictures = encoder.add_mutually_exclusive_group(required=True)
    pictures.add_argument("--emoji", type=Path, help="for scenes: folder of emoji pictures, or a colour-emoji font")
    pictures.add_argument("--photographs", help="folder of pictures or of tar files, or WebDataset's name of shards")
    backbone = encoder.add_mutually_exclusive_group(required=True)
    backbone.add_argument("--reader", type=Path, help="folder that `reader` printed")
    backbone.add_argument("--backbone", type=Path, help="folder of a transformers vision model")
    encoder.add_argument("--start", type=Path, help="folder that `encoder` printed: begin with its pooler's weights")

    throughput = commands.add_parser("throughput", help="measure an encoder's training steps, and what many would cost")
    _configuration_arguments(throughput)
    throughput.add_argument(
        "--random-weights",
        choices=["sd15", "sd21"],
        nargs="?",
        const="sd15",
        default="sd15",
        metavar="ARCHITECTURE",
        help="build Stable Diffusion 1.5 (sd15, the default) or 2.1 (sd21) and CLIP's ViT-L, untrained",
    )
    throughput.add_argument("--shrink-depth", type=int, default=1, help="build one layer where there are so many")
    throughput.add_argument("--steps", type=int, default=3, help="steps to measure, after one to warm up")

    export_decoder = commands.add_parser("export-decoder", help="write a pipeline folder as ONNX")
    export_decoder.add_argument("pipeline", type=Path)
    export_decoder.add_argument("destination", type=Path)
    export_decoder.add_argument(
        "--hidden-states", action="store_true", help="write what leaving out the text encoder's last layers needs, too"
    )
    export_decoder.add_argument("--any-size", action="store_true", help="let sizes be multiples of one latent cell")
    export_decoder.add_argument(
        "--vae-encoder", action="store_true", help="write what drawing from a picture needs, too"
    )
    restore = commands.add_parser("restore-decoder", help="make a pipeline of an `export-decoder --vae-encoder` again")
    restore.add_argument("exported", type=Path)
    restore.add_argument("destination", type=Path)
    export_encoder = commands.add_parser("export-encoder", help="write a trained encoder as ONNX")
    export_encoder.add_argument("encoder", type=Path)
    export_encoder.add_argument("destination", type=Path)
    export_encoder.add_argument("--decoder", type=Path, required=True, help="pipeline folder it was trained through")
    export_encoder.add_argument("--decoder-name", required=True, help="id of that decoder in the server")

    export_reader = commands.add_parser("export-reader", help="write a trained reader as ONNX, with its model card")
    export_reader.add_argument("reader", type=Path, help="folder that `reader` printed")
    export_reader.add_argument("destination", type=Path)

    draw = commands.add_parser("draw-scenes", help="draw held-out scenes for the server's measurements")
    draw.add_argument("--config", type=Path, required=True, help="YAML file of configs/ with the key scenes")
    draw.add_argument("--emoji", type=Path, required=True, help="folder of emoji pictures, or a colour-emoji font")
    draw.add_argument("--count", type=int, required=True, help="how many scenes")
    draw.add_argument("--output", type=Path, required=True, help="folder for scenes.json and the pictures")
    draw.add_argument(
        "--set", action="append", default=[], type=_override, metavar="NAME=VALUE", help="override, e.g. scenes.styles"
    )

    evaluate = commands.add_parser("evaluate", help="measure an encoder on held-out scenes")
    evaluate.add_argument("--encoder", type=Path, required=True, help="folder that `encoder` printed")
    evaluate.add_argument("--decoder", type=Path, required=True, help="pipeline folder it was trained through")
    evaluate.add_argument("--emoji", type=Path, required=True, help="folder of emoji pictures, or a colour-emoji font")
    evaluate.add_argument("--scenes", type=int, default=500, help="how many held-out scenes")
    evaluate.add_argument("--steps", type=int, default=20, help="denoising steps of each reconstruction")
    evaluate.add_argument("--guidance-scale", type=float, default=2.0)
    evaluate.add_argument("--output", type=Path, required=True, help="folder for evaluation.json and contact-sheet.png")

    cards = commands.add_parser("cards", help="write the model cards from an evaluation")
    cards.add_argument("--encoder", type=Path, required=True)
    cards.add_argument("--decoder", type=Path, required=True)
    cards.add_argument("--evaluation", type=Path, required=True, help="evaluation.json that `evaluate` wrote")
    third = cards.add_argument_group("a decoder that the encoder was not trained through")
    third.add_argument("--third-party", type=Path, help="its folder")
    third.add_argument("--third-party-evaluation", type=Path, help="evaluation.json of the encoder's texts with it")
    cards.add_argument("--models", type=Path, required=True, help="folder that holds the exported models")

    return parser


def main(argv: list[str] | None = None) -> None:
    """Runs one command; `argv` defaults to the process's own arguments."""
    arguments = build_parser().parse_args(argv)
    RUN[arguments.command](arguments)


def _override(text: str) -> tuple[str, object]:
    """`loop.steps=10` as a name and a value."""
    name, equals, value = text.partition("=")
    if not equals:
        raise argparse.ArgumentTypeError(f"{text} is not NAME=VALUE")
    return name, yaml.safe_load(value)


def _config(kind, arguments: argparse.Namespace):
    return read_config(kind, arguments.config, dict(arguments.set))


def _autoencoder(arguments: argparse.Namespace) -> None:
    from .train_autoencoder import train_autoencoder

    config = _config(AutoencoderConfig, arguments)
    print(train_autoencoder(config, arguments.emoji, arguments.run, arguments.start, arguments.reader))


def _decoder(arguments: argparse.Namespace) -> None:
    from .train_decoder import train_decoder

    config = _config(DecoderConfig, arguments)
    print(train_decoder(config, arguments.autoencoder, arguments.emoji, arguments.run, arguments.start))


def _reader(arguments: argparse.Namespace) -> None:
    from .train_reader import train_reader

    print(train_reader(_config(ReaderConfig, arguments), arguments.emoji, arguments.run))


def _encoder(arguments: argparse.Namespace) -> None:
    from .processes import processes
    from .train_encoder import train_encoder

    config = _config(EncoderConfig, arguments)
    pictures = arguments.emoji if config.scenes else arguments.photographs
    if not pictures:
        wanted = "scenes: give --emoji" if config.scenes else "photographs: give --photographs"
        raise SystemExit(f"{arguments.config} trains on {wanted}")
    backbone = arguments.reader or arguments.backbone
    folder = train_encoder(config, arguments.decoder, backbone, str(pictures), arguments.run, arguments.start)
    if processes().is_main_process:
        print(folder)


def _throughput(arguments: argparse.Namespace) -> None:
    from .throughput import measure_throughput

    config = _config(EncoderConfig, arguments)
    measure_throughput(config, arguments.random_weights, arguments.shrink_depth, arguments.steps)


def _export_decoder(arguments: argparse.Namespace) -> None:
    from .export.pipeline import export_pipeline

    options = {name: getattr(arguments, name) for name in ("vae_encoder", "any_size", "hidden_states")}
    export_pipeline(arguments.pipeline, arguments.destination, **options)


def _restore_decoder(arguments: argparse.Namespace) -> None:
    from .export.restore import restore_pipeline

    restore_pipeline(arguments.exported, arguments.destination)


def _export_encoder(arguments: argparse.Namespace) -> None:
    from .export.encoder import export_encoder

    export_encoder(arguments.encoder, arguments.decoder / "tokenizer", arguments.decoder_name, arguments.destination)


def _export_reader(arguments: argparse.Namespace) -> None:
    from .export.reader import export_reader

    export_reader(arguments.reader, arguments.destination)


def _draw_scenes(arguments: argparse.Namespace) -> None:
    from .draw_scenes import draw_scenes

    print(draw_scenes(_config(SceneFile, arguments).scenes, arguments.emoji, arguments.count, arguments.output))


def _evaluate(arguments: argparse.Namespace) -> None:
    from .evaluate import Reconstruction, evaluate

    drawing = Reconstruction(arguments.steps, arguments.guidance_scale)
    evaluate(arguments.encoder, arguments.decoder, arguments.emoji, arguments.scenes, drawing, arguments.output)


def _cards(arguments: argparse.Namespace) -> None:
    from .cards.write import write_model_cards, write_third_party_card

    if (arguments.third_party is None) != (arguments.third_party_evaluation is None):
        raise SystemExit("Give both --third-party and --third-party-evaluation, or neither")
    write_model_cards(arguments.encoder, arguments.decoder, arguments.evaluation, arguments.models)
    if arguments.third_party:
        write_third_party_card(arguments.third_party, arguments.third_party_evaluation, arguments.models)


RUN = {
    "autoencoder": _autoencoder,
    "decoder": _decoder,
    "reader": _reader,
    "encoder": _encoder,
    "export-decoder": _export_decoder,
    "restore-decoder": _restore_decoder,
    "export-encoder": _export_encoder,
    "export-reader": _export_reader,
    "draw-scenes": _draw_scenes,
    "throughput": _throughput,
    "evaluate": _evaluate,
    "cards": _cards,
}


def _training_command(commands, name: str, purpose: str) -> argparse.ArgumentParser:
    parser = commands.add_parser(name, help=purpose)
    _training_arguments(parser)
    parser.add_argument("--emoji", type=Path, required=True, help="folder of emoji pictures, or a colour-emoji font")
    return parser


def _training_arguments(parser: argparse.ArgumentParser) -> None:
    _configuration_arguments(parser)
    parser.add_argument("--run", type=Path, required=True, help="folder of checkpoints and results; goes on from there")


def _configuration_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--config", type=Path, required=True, help="YAML file of configs/")
    parser.add_argument(
        "--set", action="append", default=[], type=_override, metavar="NAME=VALUE", help="override, e.g. loop.steps=10"
    )


if __name__ == "__main__":
    main()
