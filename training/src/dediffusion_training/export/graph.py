"""One PyTorch module as one ONNX file, checked against the module before it is trusted."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import numpy as np
import onnx_ir as ir
import onnxruntime
import torch
from torch import nn

from .folding import fold_batch_norms
from .storage import round_weights_to_float16, store_weights_as_float16

Storage = Literal["float16", "float32"]

OPSET = 18
#: Largest difference from PyTorch, as a share of the output's own largest value (but at least of 1).
TOLERANCE = 1e-3
#: Beyond this, protobuf cannot hold the weights and they go to a second file, as optimum names it.
LARGEST_SINGLE_FILE = 2_000_000_000
EXTERNAL_DATA = "model.onnx_data"


def export_graph(
    module: nn.Module,
    inputs: dict[str, torch.Tensor],
    outputs: list[str],
    path: Path,
    *,
    dynamic: dict[str, dict[int, str]],
    storage: Storage = "float16",
) -> None:
    """Writes `module` to `path`.

    With float16 storage the module's own weights are rounded, in place, so that it and the graph stay equal; the norms
    of a ResNet become part of its convolutions first.

    Args:
        module: Takes the tensors of `inputs` by position and returns one tensor or a tuple of tensors.
        inputs: An example of each input, by the name it gets in the graph; sizes of dynamic axes must be at least 2.
        outputs: A name for each output.
        dynamic: For each input or output, the axes that may have any size, with a name for that size.

    Raises:
        ValueError: The graph's outputs differ from the module's.
    """
    module = module.eval().cpu().float()
    if storage == "float16":
        fold_batch_norms(module)
        round_weights_to_float16(module)
    free = [dict.fromkeys(dynamic.get(name, {}), torch.export.Dim.DYNAMIC) for name in inputs]
    program = torch.onnx.export(
        module,
        tuple(inputs.values()),
        input_names=list(inputs),
        output_names=outputs,
        dynamic_shapes=tuple(free),
        opset_version=OPSET,
        dynamo=True,
        verbose=False,
    )
    model = program.model
    _name_sizes(model, dynamic)
    _forget_origins(model)
    if storage == "float16":
        store_weights_as_float16(model)
    path.parent.mkdir(parents=True, exist_ok=True)
    weights = sum(value.const_value.nbytes for value in model.graph.initializers.values())
    ir.save(model, path, external_data=EXTERNAL_DATA if weights > LARGEST_SINGLE_FILE else None)
    _check_against(module, inputs, path)


def _name_sizes(model: ir.Model, dynamic: dict[str, dict[int, str]]) -> None:
    """Gives the free sizes of inputs and outputs the names that readers of ONNX folders know."""
    for value in [*model.graph.inputs, *model.graph.outputs]:
        for axis, name in dynamic.get(value.name, {}).items():
            value.shape[axis] = name


def _forget_origins(model: ir.Model) -> None:
    """Drops the exporter's notes on where each node came from: most of a small file's bytes."""
    for node in ir.traversal.RecursiveGraphIterator(model.graph):
        node.metadata_props.clear()
        node.doc_string = None
    values = [*model.graph.inputs, *model.graph.outputs, *model.graph.initializers.values()]
    for value in values:
        value.metadata_props.clear()
    model.graph.metadata_props.clear()
    model.metadata_props.clear()


def _check_against(module: nn.Module, inputs: dict[str, torch.Tensor], path: Path) -> None:
    session = open_session(path)
    computed = session.run(None, {name: value.numpy() for name, value in inputs.items()})
    with torch.no_grad():
        expected = module(*inputs.values())
    expected = expected if isinstance(expected, tuple) else (expected,)
    for output, actual, wanted in zip(session.get_outputs(), computed, expected, strict=True):
        wanted = wanted.numpy()
        difference = np.abs(actual.astype(np.float64) - wanted).max()
        if not difference <= TOLERANCE * max(1.0, np.abs(wanted).max()):
            raise ValueError(f"{path}: output {output.name} differs from PyTorch's by up to {difference:.2g}")


def open_session(path: Path, threads: int = 1) -> onnxruntime.InferenceSession:
    """An onnxruntime session on the CPU."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
