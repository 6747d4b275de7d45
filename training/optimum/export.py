"""Exports diffusers' pipelines with optimum-onnx and draws with what it wrote.

python export.py JOBS EXPORTED DRAWN

JOBS        a JSON list of {"source": FOLDER, "requests": [...]}
EXPORTED    gets a folder for each source, as `optimum-cli export onnx` writes it
DRAWN       gets drawn.json, what was drawn, and pictures.bin, the pictures' bytes, RGB, one after the other

Needs the environment of requirements.txt beside it, and nothing of training/src.
"""

from __future__ import annotations

import argparse
import importlib.metadata
import json
from pathlib import Path
from typing import Any

import numpy as np
import torch
from optimum.exporters.onnx import main_export
from optimum.onnxruntime import ORTDiffusionPipeline

PROMPTS = ("a large red dog on the left", "green house under a yellow sun", "two blue boats, photo")
PACKAGES = ("optimum-onnx", "diffusers", "transformers", "torch", "onnxruntime")


def draw(pipeline: Any, request: dict[str, Any]) -> list[np.ndarray]:
    seeds = request["seeds"]
    settings = {}
    if "negativePrompt" in request:
        settings["negative_prompt"] = [request["negativePrompt"]] * len(seeds)
    drawn = pipeline(
        list(PROMPTS[: len(seeds)]),
        guidance_scale=request["guidanceScale"],
        num_inference_steps=request["steps"],
        width=request["width"],
        height=request["height"],
        generator=[torch.Generator().manual_seed(seed) for seed in seeds],
        output_type="np",
        **settings,
    ).images
    return [(picture * 255).round().astype(np.uint8) for picture in drawn]


def main(jobs: Path, exported: Path, drawn: Path) -> None:
    cases: list[dict[str, Any]] = []
    pictures: list[np.ndarray] = []
    for job in json.loads(jobs.read_text(encoding="utf-8")):
        name = job["source"]
        main_export(name, exported / name, task="text-to-image", do_validation=False)
        pipeline = ORTDiffusionPipeline.from_pretrained(exported / name, provider="CPUExecutionProvider")
        pipeline.set_progress_bar_config(disable=True)
        for request in job["requests"]:
            pictures += draw(pipeline, request)
            prompts = PROMPTS[: len(request["seeds"])]
            cases.append({"family": name, "folder": name, "prompts": prompts, **request})
    versions = {package: importlib.metadata.version(package) for package in PACKAGES}
    drawn.mkdir(parents=True, exist_ok=True)
    (drawn / "drawn.json").write_text(json.dumps({"versions": versions, "cases": cases}), encoding="utf-8")
    (drawn / "pictures.bin").write_bytes(b"".join(picture.tobytes() for picture in pictures))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("jobs", "exported", "drawn"):
        parser.add_argument(name, type=Path)
    main(**vars(parser.parse_args()))
