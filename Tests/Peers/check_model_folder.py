#!/usr/bin/env python3
"""Checks that diffusers loads a model folder that Refine-Control wrote, and computes the same with it.

    python Tests/Peers/check_model_folder.py FOLDER

FOLDER is a model folder with a file `expected.safetensors`: "sample", "timesteps", "output" of its U-Net, and "steps.N"
and "alphas" of its scheduler. DiffusionTests' PeerTests writes one and calls this script when the environment variable
REFINE_PEER_PYTHON names an interpreter with torch, diffusers and safetensors.
"""
import pathlib
import sys

import torch
from diffusers import DDIMScheduler, UNet2DConditionModel
from safetensors.torch import load_file

TOLERANCE = 1e-4


def require(condition, what):
    if not condition:
        sys.exit(f"check_model_folder: {what}")


def main():
    folder = pathlib.Path(sys.argv[1])
    expected = load_file(folder / "expected.safetensors")
    unet, loading = UNet2DConditionModel.from_pretrained(
        folder / "unet", output_loading_info=True, torch_dtype=torch.float32, local_files_only=True)
    for kind, found in loading.items():
        require(not found, f"{kind} while loading: {found}")
    text = torch.zeros((len(expected["timesteps"]), 1, unet.config.cross_attention_dim))
    with torch.no_grad():
        output = unet(expected["sample"], expected["timesteps"], encoder_hidden_states=text).sample
    error = (output - expected["output"]).abs().max().item()
    require(error < TOLERANCE, f"outputs differ by {error}")

    scheduler = DDIMScheduler.from_pretrained(folder / "scheduler", local_files_only=True)
    require(scheduler.config.prediction_type == "sample", "prediction_type is not sample")
    alphas = (scheduler.alphas_cumprod - expected["alphas"]).abs().max().item()
    require(alphas < 1e-5, f"alphas_cumprod differ by {alphas}")
    for name, steps in expected.items():
        if name.startswith("steps."):
            scheduler.set_timesteps(int(name[6:]))
            require(scheduler.timesteps.tolist() == steps.int().tolist(),
                    f"{name}: {scheduler.timesteps.tolist()} against {steps.int().tolist()}")
    print(f"outputs within {error:.1e}, alphas within {alphas:.1e}")


if __name__ == "__main__":
    main()
