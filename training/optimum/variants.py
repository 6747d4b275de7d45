"""Other forms of a graph for the benchmark: weights stored otherwise, quantised, or with its attention fused.

python variants.py GRAPH DESTINATION

Writes DESTINATION/{float32,float16,int8,fused}/model.onnx. The last line printed is a JSON object of the forms that
could not be made, each with the reason.

Needs the environment of requirements.txt beside it.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from onnxruntime.quantization import QuantType, quantize_dynamic
from onnxruntime.transformers.fusion_options import FusionOptions
from onnxruntime.transformers.optimizer import optimize_model

#: As training's exports: smaller tensors save nothing worth a node.
SMALLEST_STORED = 1024
#: Protobuf holds no more in one file.
LARGEST_SINGLE_FILE = 2_000_000_000


def save(model: onnx.ModelProto, folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "model.onnx"
    is_large = sum(len(tensor.raw_data) for tensor in model.graph.initializer) > LARGEST_SINGLE_FILE
    onnx.save(model, path, save_as_external_data=is_large, location="model.onnx_data")
    return path


def store_as_float32(graph: Path, folder: Path) -> Path:
    """Widens weights that are stored in float16 and cast when the graph is loaded."""
    model = onnx.load(graph)
    weights = {tensor.name: tensor for tensor in model.graph.initializer}
    for node in list(model.graph.node):
        stored = weights.get(node.input[0]) if node.op_type == "Cast" else None
        if stored is not None and stored.data_type == TensorProto.FLOAT16:
            values = numpy_helper.to_array(stored).astype(np.float32)
            model.graph.initializer.append(numpy_helper.from_array(values, node.output[0]))
            model.graph.initializer.remove(stored)
            model.graph.node.remove(node)
    # The exporter's notes on shapes in between, which the quantiser would hold against weights that it transposes.
    del model.graph.value_info[:]
    return save(model, folder)


def store_as_float16(float32: Path, folder: Path) -> Path:
    """Rounds matrices and kernels to float16 and casts them back: half of the file, arithmetic in float32."""
    model = onnx.load(float32)
    for tensor in list(model.graph.initializer):
        values = numpy_helper.to_array(tensor)
        if values.dtype != np.float32 or values.size < SMALLEST_STORED or values.ndim < 2:
            continue
        name = f"{tensor.name}_float16"
        model.graph.initializer.append(numpy_helper.from_array(values.astype(np.float16), name))
        model.graph.node.insert(0, helper.make_node("Cast", [name], [tensor.name], to=TensorProto.FLOAT))
        model.graph.initializer.remove(tensor)
    return save(model, folder)


def quantise(float32: Path, folder: Path) -> Path:
    """Matrices in int8, activations quantised on the way; convolutions stay, for which int8 is slower on a CPU."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "model.onnx"
    is_large = any(float32.parent.glob("model.onnx_data"))
    quantize_dynamic(
        float32,
        path,
        op_types_to_quantize=["MatMul"],
        weight_type=QuantType.QInt8,
        per_channel=True,
        use_external_data_format=is_large,
    )
    return path


def fuse(float32: Path, folder: Path) -> Path:
    """onnxruntime's own fusions for U-Nets, as far as a CPU has kernels for them."""
    options = FusionOptions("unet")
    for gpu_only in (
        "group_norm",
        "skip_group_norm",
        "bias_splitgelu",
        "bias_add",
        "nhwc_conv",
        "packed_qkv",
        "packed_kv",
    ):
        setattr(options, f"enable_{gpu_only}", False)
    fused = optimize_model(str(float32), model_type="unet", opt_level=0, optimization_options=options, use_gpu=False)
    return save(fused.model, folder)


def main(graph: Path, destination: Path) -> None:
    float32 = store_as_float32(graph, destination / "float32")
    forms: dict[str, Callable[[Path, Path], Path]] = {"float16": store_as_float16, "int8": quantise, "fused": fuse}
    failures = {}
    for name, make in forms.items():
        try:
            make(float32, destination / name)
        except Exception as error:
            # Whatever it is, the others are still worth measuring.
            failures[name] = f"{type(error).__name__}: {error}"
    print(json.dumps(failures))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("graph", type=Path)
    parser.add_argument("destination", type=Path)
    main(**vars(parser.parse_args()))
