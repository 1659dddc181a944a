#!/usr/bin/env python3
"""What 8-bit convolutions would cost the default student in PSNR, on the crops of make_crops.py.

    python int8_loss.py --model Sources/Diffusion/Resources/default-student --crops dev-128.safetensors

The U-Net runs in diffusers as it is, and with inputs and weights of its convolutions rounded to 8 bits: weights
symmetrically for each output channel, inputs for each image between their smallest and largest value, as is kindest.
Sums stay exact, so kernels in hardware can only lose more. What surrounds the U-Net (pre-fill, local contrast, folding)
is that of the product, written again here; the first row must come near to that of `refine-distill evaluate --steps 1`,
which draws other noise. Hole pixels only, after rounding to 8 bits. Needs torch, diffusers, safetensors and what
score_crops.py needs.
"""
import argparse
import json
import pathlib

import numpy as np
import torch
from diffusers import UNet2DConditionModel
from safetensors import safe_open
from torch.nn.functional import conv2d, pad, pixel_unshuffle, pixel_shuffle

from score_crops import prefill

RADII, DECAY = (16, 36, 76, 156, 316), 0.05


def box(x, radius):
    """Two passes of a box along both axes, zero outside: [C, h, w]."""
    kernel = torch.full((1, 1, 1, 2 * radius + 1), 1 / (2 * radius + 1), dtype=x.dtype)
    x = x[:, None]
    for _ in range(2):
        x = conv2d(pad(x, (radius, radius, 0, 0)), kernel)
        x = conv2d(pad(x, (0, 0, radius, radius)), kernel.transpose(2, 3))
    return x[:, 0]


def local_contrast(image, hole, patch, floor):
    """Mean [3, h, w] and deviation [1, h, w] of the known pixels around every patch: LocalContrast.swift."""
    known = (~hole)[None].double()
    planes = torch.cat([known, image * known, image ** 2 * known])
    moments = torch.nn.functional.avg_pool2d(planes[None], patch)[0] * patch ** 2
    total = sum(DECAY ** i * box(moments, max(1, r // patch)) for i, r in enumerate(RADII))
    mean, squares = total[1:4] / total[:1], total[4:7] / total[:1]
    variance = (squares - mean ** 2).clamp(min=0).mean(0, keepdim=True)
    return mean, (variance + floor ** 2).sqrt()


class Crop:
    def __init__(self, image, hole, codec):
        patch = codec["patch_size"]
        self.hole, self.patch = torch.from_numpy(hole), patch
        self.prefill = torch.from_numpy(prefill(image, hole).transpose(2, 0, 1).copy()).double()
        mean, scale = local_contrast(self.prefill, self.hole, patch, codec["contrast_floor"])
        fold = lambda x: pixel_unshuffle(x[None], patch)[0]
        repeat = lambda x: x.repeat_interleave(patch * patch, 0)
        self.mask = fold(self.hole[None].double().expand(3, -1, -1))
        self.unit = scale * codec["residual_scale"]
        self.condition = torch.cat([
            (fold(self.prefill) - repeat(mean)) / scale, fold(self.hole[None].double()), 2 * mean - 1,
            (scale * 10).log()]).float()

    def fill(self, output):
        return (self.prefill + pixel_shuffle((output.double() * self.unit * self.mask)[None], self.patch)[0]).numpy()


def rounded(x, low, high):
    """x on the 256 levels from low to high."""
    step = ((high - low) / 255).clamp(min=1e-12)
    return low + ((x - low) / step).round().clamp(0, 255) * step


def quantise(unet, kernels):
    for module in unet.modules():
        if isinstance(module, torch.nn.Conv2d) and module.kernel_size[0] in kernels:
            top = module.weight.abs().amax((1, 2, 3), keepdim=True) / 127
            module.weight.data = (module.weight / top).round() * top
            module.register_forward_pre_hook(lambda _, inputs: (rounded(
                inputs[0], inputs[0].amin((1, 2, 3), keepdim=True).clamp(max=0),
                inputs[0].amax((1, 2, 3), keepdim=True)), *inputs[1:]))
    return unet


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", type=pathlib.Path, required=True)
    parser.add_argument("--crops", required=True)
    parser.add_argument("--limit", type=int, default=200)
    options = parser.parse_args()
    torch.manual_seed(0)
    codec = json.loads((options.model / "codec/config.json").read_text())
    with safe_open(options.crops, "np") as file:
        images, masks = (file.get_tensor(name)[:options.limit] for name in ("images", "masks"))
    images = images.transpose(0, 2, 3, 1).astype(np.float64)
    crops = [Crop(image, mask.reshape(image.shape[:2]) > 0.5, codec) for image, mask in zip(images, masks)]
    shape = crops[0].mask.shape
    noise = [torch.randn(shape) * crop.mask.float() for crop in crops]
    for name, kernels in (("fp32", ()), ("8 bits, 3x3", (3,)), ("8 bits, all", (1, 3))):
        unet = UNet2DConditionModel.from_pretrained(options.model / "unet", torch_dtype=torch.float32).eval()
        quantise(unet, kernels)
        text, scores, squares = torch.zeros(1, 1, unet.config.cross_attention_dim), [], []
        with torch.inference_mode():
            for image, crop, start in zip(images, crops, noise):
                output = unet(torch.cat([start, crop.condition])[None], 999, encoder_hidden_states=text).sample[0]
                fill = (crop.fill(output).clip(0, 1) * 255).round() / 255
                error = ((fill - image.transpose(2, 0, 1)) ** 2)[:, crop.hole.numpy()]
                scores.append(-10 * np.log10(max(error.mean(), 1e-6)))
                squares.append(error.mean(0))
        print(f"{name}: mean {np.mean(scores):.3f} dB, pooled {-10 * np.log10(np.concatenate(squares).mean()):.3f} dB",
              flush=True)


if __name__ == "__main__":
    main()
