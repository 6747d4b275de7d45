"""Draws with optimum-onnx for whoever asks over standard input: the other side of the server's benchmark.

python draw.py FOLDER --threads NUMBER

Each line in is a request, {"prompt", "seed", "steps", "guidanceScale", "width", "height", "count", "output"}; each line
out is an answer, {"seconds"}. The first line out, {"ready": true}, says that the pipeline is loaded. `output` names the
file that gets the pictures' bytes, RGB; it is written after the clock has stopped.

Needs the environment of requirements.txt beside it.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch
from onnxruntime import SessionOptions
from optimum.onnxruntime import ORTDiffusionPipeline


def load(folder: Path, threads: int) -> Any:
    options = SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    pipeline = ORTDiffusionPipeline.from_pretrained(
        folder, provider="CPUExecutionProvider", session_options=options, safety_checker=None
    )
    pipeline.set_progress_bar_config(disable=True)
    # What the pipeline does between graphs gets the same threads as the graphs.
    torch.set_num_threads(threads)
    return pipeline


def draw(pipeline: Any, request: dict[str, Any]) -> float:
    count = request["count"]
    start = time.perf_counter()
    drawn = pipeline(
        [request["prompt"]] * count,
        guidance_scale=request["guidanceScale"],
        num_inference_steps=request["steps"],
        width=request["width"],
        height=request["height"],
        generator=[torch.Generator().manual_seed(request["seed"] + index) for index in range(count)],
        output_type="np",
    ).images
    pictures = (drawn * 255).round().astype(np.uint8)
    seconds = time.perf_counter() - start
    if request.get("output"):
        Path(request["output"]).write_bytes(pictures.tobytes())
    return seconds


def main(folder: Path, threads: int) -> None:
    # Libraries may print; only answers belong on the pipe.
    answers, sys.stdout = sys.stdout, sys.stderr

    def say(answer: dict[str, Any]) -> None:
        print(json.dumps(answer), file=answers, flush=True)

    pipeline = load(folder, threads)
    say({"ready": True})
    for line in sys.stdin:
        say({"seconds": draw(pipeline, json.loads(line))})


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--threads", type=int, required=True)
    main(**vars(parser.parse_args()))
