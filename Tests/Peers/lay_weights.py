#!/usr/bin/env python3
"""Lays the U-Net of one model folder over that of another that has the same layers and more.

    python lay_weights.py --over DIR --unet DIR --out DIR

What a student fills without a prompt was trained in a folder without text; its weights take the places of the same name
in a student that reads text, whose other weights stay. A weight of another shape or without a place is an error. Needs
numpy and safetensors. `refine-distill train --start` trains such a student in place since then.
"""
import argparse
import pathlib
import shutil

from safetensors import numpy as safetensors

FILE = "unet/diffusion_pytorch_model.safetensors"

parser = argparse.ArgumentParser()
parser.add_argument("--over", type=pathlib.Path, required=True)
parser.add_argument("--unet", type=pathlib.Path, required=True)
parser.add_argument("--out", type=pathlib.Path, required=True)
arguments = parser.parse_args()
weights = safetensors.load_file(arguments.over / FILE)
new = safetensors.load_file(arguments.unet / FILE)
wrong = [name for name, tensor in new.items() if name not in weights or weights[name].shape != tensor.shape]
if wrong:
    raise SystemExit(f"no place of its shape for {', '.join(wrong)}")
shutil.copytree(arguments.over, arguments.out)
safetensors.save_file(weights | {n: t.astype(weights[n].dtype) for n, t in new.items()}, arguments.out / FILE)
print(f"{len(new)} of {len(weights)} tensors laid over")
