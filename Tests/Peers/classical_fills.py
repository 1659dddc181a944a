#!/usr/bin/env python3
"""Fills the crops of a comparison by OpenCV's and scikit-image's classical methods.

    refine-distill ablate --run RUN ...          # writes RUN/crops/SET.safetensors
    python classical_fills.py RUN                # writes RUN/fills/NAME/SET.safetensors
    refine-distill ablate --run RUN ...          # the same again: measures them with the rest

OpenCV's Telea and Navier-Stokes take a radius of 3; scikit-image's biharmonic is here to compare with the table's own.
Needs numpy, opencv-python-headless, scikit-image and safetensors.
"""
import argparse
import pathlib

import numpy as np
from safetensors.numpy import load_file, save_file

from score_crops import CLASSICAL


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", type=pathlib.Path)
    parser.add_argument("--methods", nargs="+", default=["Telea", "Navier-Stokes"], choices=sorted(CLASSICAL))
    arguments = parser.parse_args()
    crops = sorted((arguments.run / "crops").glob("*.safetensors"))
    if not crops:
        parser.error(f"{arguments.run}/crops holds no crops; run refine-distill ablate first")
    for path in crops:
        tensors = load_file(path)
        images, holes = tensors["images"].transpose(0, 2, 3, 1), tensors["masks"][:, 0] >= 0.5
        for method in arguments.methods:
            fill = CLASSICAL[method]
            filled = np.stack([fill(image.astype(np.float64), hole) for image, hole in zip(images, holes)])
            folder = arguments.run / "fills" / method
            folder.mkdir(parents=True, exist_ok=True)
            fills = np.ascontiguousarray(filled.clip(0, 1).astype(np.float32).transpose(0, 3, 1, 2))
            save_file({"fills": fills}, folder / path.name)
            print(f"{folder / path.name}: {len(filled)} crops")


if __name__ == "__main__":
    main()
