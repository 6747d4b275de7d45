"""Weights stored as float16 and computed with as float32: half the file, the same arithmetic."""

from __future__ import annotations

import math
from itertools import chain

import numpy as np
import onnx_ir as ir
import torch
from torch import nn

#: Smaller tensors save nothing worth a node.
SMALLEST_STORED = 1024


def is_weight(shape: tuple[int, ...]) -> bool:
    """Whether a tensor of this shape is a matrix or kernel. Biases, scales and frequency tables keep float32."""
    return math.prod(shape) >= SMALLEST_STORED and sum(size > 1 for size in shape) >= 2


@torch.no_grad()
def round_weights_to_float16(module: nn.Module) -> None:
    """Rounds the weights and fixed matrices of a float32 module, in place, to what `store_weights_as_float16` can keep
    exactly."""
    for parameter in chain(module.parameters(), module.buffers()):
        if parameter.dtype == torch.float32 and is_weight(tuple(parameter.shape)):
            rounded = parameter.half().float()
            if torch.isfinite(rounded).all():
                parameter.copy_(rounded)


def store_weights_as_float16(model: ir.Model) -> ir.Model:
    """Turns each float32 weight of a graph into a float16 one and a Cast, in place, and returns the graph.

    onnxruntime folds the casts when it loads the graph, so that it computes in float32 as before. A tensor that
    float16 cannot hold exactly stays as it is: a mask of very large numbers, say, or a kernel that the exporter has
    multiplied with the norm behind it (of a ResNet, `fold_batch_norms` does that first).
    """
    graph = model.graph
    for weight in list(graph.initializers.values()):
        tensor = weight.const_value
        if tensor is None or tensor.dtype != ir.DataType.FLOAT or not is_weight(tuple(tensor.shape)):
            continue
        with np.errstate(over="ignore"):
            halves = tensor.numpy().astype(np.float16)
        if weight.is_graph_output() or not np.array_equal(halves, tensor.numpy()):
            continue
        stored = ir.Value(
            name=f"{weight.name}_float16",
            shape=weight.shape,
            type=ir.TensorType(ir.DataType.FLOAT16),
            const_value=ir.Tensor(halves, name=f"{weight.name}_float16"),
        )
        cast = ir.node("Cast", [stored], {"to": ir.DataType.FLOAT})
        ir.convenience.replace_all_uses_with(weight, cast.outputs[0])
        del graph.initializers[weight.name]
        cast.outputs[0].name = weight.name
        cast.outputs[0].type, cast.outputs[0].shape = ir.TensorType(ir.DataType.FLOAT), weight.shape
        graph.register_initializer(stored)
        graph.insert_before(graph[0], cast)
    return model
