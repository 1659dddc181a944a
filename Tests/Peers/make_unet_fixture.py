#!/usr/bin/env python3
"""Writes small random U-Nets with what diffusers computes with them, for DiffusionTests.

    python -m venv /tmp/peers && /tmp/peers/bin/pip install torch diffusers safetensors
    /tmp/peers/bin/python Tests/Peers/make_unet_fixture.py Tests/DiffusionTests/Fixtures

Each folder holds `config.json` and `diffusion_pytorch_model.safetensors` as diffusers saves them (fp16; the numbers
below are computed in fp32 from the rounded weights), and `expected.safetensors`: "sample", "timesteps", "output" and,
for L = sum(weight * output) with the tensor "weight", the gradients "d.NAME" of every parameter and "d.sample".

`student` has the block types, groups and embedding of the default student; `variant` has two layers per block,
attention at the finest level and the other sinusoid order. Written with torch 2.15.0 and diffusers 0.42.1.
"""
import argparse
import pathlib

import torch
from diffusers import UNet2DConditionModel
from safetensors.torch import save_file

MODELS = {
    "student": dict(
        sample_size=8, in_channels=7, out_channels=3, block_out_channels=(4, 4, 4, 8),
        down_block_types=("DownBlock2D", "DownBlock2D", "DownBlock2D", "AttnDownBlock2D"),
        mid_block_type="UNetMidBlock2D",
        up_block_types=("AttnUpBlock2D", "UpBlock2D", "UpBlock2D", "UpBlock2D"),
        layers_per_block=1, attention_head_dim=4, norm_num_groups=4, cross_attention_dim=8,
        flip_sin_to_cos=True, freq_shift=0),
    "variant": dict(
        sample_size=8, in_channels=3, out_channels=2, block_out_channels=(4, 6),
        down_block_types=("AttnDownBlock2D", "DownBlock2D"), mid_block_type="UNetMidBlock2D",
        up_block_types=("UpBlock2D", "AttnUpBlock2D"),
        layers_per_block=2, attention_head_dim=2, norm_num_groups=2, cross_attention_dim=8,
        flip_sin_to_cos=False, freq_shift=1, norm_eps=1e-4),
}


def write(folder, config, generator):
    unet = UNet2DConditionModel(**config).eval()
    with torch.no_grad():
        for name, parameter in unet.named_parameters():
            # Scales and shifts of norms start as ones and zeros, which would hide a mix-up.
            if "norm" in name:
                parameter.add_(0.3 * torch.randn(parameter.shape, generator=generator))
            else:
                fan = parameter[0].numel() if parameter.dim() > 1 else 16
                parameter.copy_(torch.randn(parameter.shape, generator=generator) / fan ** 0.5)
            parameter.copy_(parameter.half().float())
    sample = torch.randn((2, config["in_channels"], 8, 16), generator=generator, requires_grad=True)
    timesteps = torch.tensor([3.0, 981.0])
    text = torch.zeros((2, 1, config["cross_attention_dim"]))  # no block attends to it
    output = unet(sample, timesteps, encoder_hidden_states=text).sample
    weight = torch.randn(output.shape, generator=generator)
    (weight * output).sum().backward()
    expected = {"sample": sample, "timesteps": timesteps, "output": output, "weight": weight, "d.sample": sample.grad}
    expected |= {f"d.{name}": p.grad for name, p in unet.named_parameters()}
    folder.mkdir(parents=True, exist_ok=True)
    save_file({k: v.detach().contiguous() for k, v in expected.items()}, folder / "expected.safetensors")
    unet.half().save_pretrained(folder)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("fixtures", type=pathlib.Path)
    fixtures = parser.parse_args().fixtures
    torch.set_num_threads(1)
    for seed, (name, config) in enumerate(MODELS.items()):
        torch.manual_seed(seed)
        write(fixtures / name, config, torch.Generator().manual_seed(seed))


if __name__ == "__main__":
    main()
