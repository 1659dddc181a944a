#!/usr/bin/env python3
"""Writes small random U-Nets with what diffusers computes with them, for DiffusionTests.

    python -m venv /tmp/peers && /tmp/peers/bin/pip install torch diffusers safetensors
    /tmp/peers/bin/python Tests/Peers/make_unet_fixture.py Tests/DiffusionTests/Fixtures

Each folder holds `config.json` and `diffusion_pytorch_model.safetensors` as diffusers saves them (fp16; the numbers
below are computed in fp32 from the rounded weights), and `expected.safetensors`: "sample", "timesteps", "output" and,
for L = sum(weight * output) with the tensor "weight", the gradients "d.NAME" of every parameter and "d.sample".

`student` has the block types, groups and embedding of the default student; `variant` has two layers per block,
attention at the finest level and the other sinusoid order. `text` and `linear` attend to text ("encoder_hidden_states",
with its gradient too), by 1x1 convolutions and lists of heads and layers, or by linear layers; their expected tensors
hold the last output of every stage as "feature.down.0" and so on. `control` is a ControlNet for `text`: "control" in,
"down.0" and so on and "middle" out at a scale of 0.7, and the U-Net's "output" with them. `labels` adds a projection of
"class_labels" (with their gradient) to the timestep's embedding, and so does `control-labels`, its ControlNet. `spread` is a ControlNet
by itself, whose control is four times the sample's size. Written with torch 2.15.0 and diffusers 0.42.1.
"""
import argparse
import pathlib

import torch
from diffusers import ControlNetModel, UNet2DConditionModel
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
    "text": dict(
        sample_size=8, in_channels=3, out_channels=3, block_out_channels=(4, 8, 8),
        down_block_types=("DownBlock2D", "CrossAttnDownBlock2D", "AttnDownBlock2D"),
        mid_block_type="UNetMidBlock2DCrossAttn",
        up_block_types=("AttnUpBlock2D", "CrossAttnUpBlock2D", "UpBlock2D"),
        layers_per_block=1, attention_head_dim=(2, 4, 2), transformer_layers_per_block=(1, 2, 1), norm_num_groups=2,
        cross_attention_dim=6),
    "linear": dict(
        sample_size=8, in_channels=2, out_channels=3, block_out_channels=(4, 8),
        down_block_types=("CrossAttnDownBlock2D", "DownBlock2D"), mid_block_type="UNetMidBlock2D",
        up_block_types=("UpBlock2D", "CrossAttnUpBlock2D"),
        layers_per_block=2, attention_head_dim=2, norm_num_groups=2, cross_attention_dim=5,
        use_linear_projection=True),
    "labels": dict(
        sample_size=8, in_channels=2, out_channels=3, block_out_channels=(4, 8),
        down_block_types=("CrossAttnDownBlock2D", "DownBlock2D"), mid_block_type="UNetMidBlock2D",
        up_block_types=("UpBlock2D", "UpBlock2D"), layers_per_block=1, attention_head_dim=2, norm_num_groups=2,
        cross_attention_dim=5, class_embed_type="projection", projection_class_embeddings_input_dim=3),
}

CONTROL = {
    "control": dict(
        in_channels=3, conditioning_channels=5, block_out_channels=(4, 8, 8),
        down_block_types=("DownBlock2D", "CrossAttnDownBlock2D", "AttnDownBlock2D"),
        mid_block_type="UNetMidBlock2DCrossAttn", layers_per_block=1, attention_head_dim=(2, 4, 2),
        transformer_layers_per_block=(1, 2, 1), norm_num_groups=2, cross_attention_dim=6,
        conditioning_embedding_out_channels=(6,)),
    "spread": dict(
        in_channels=3, conditioning_channels=3, block_out_channels=(4, 8),
        down_block_types=("DownBlock2D", "CrossAttnDownBlock2D"), mid_block_type="UNetMidBlock2D", layers_per_block=2,
        attention_head_dim=2, norm_num_groups=2, cross_attention_dim=6, conditioning_embedding_out_channels=(2, 3, 4)),
    "control-labels": dict(
        in_channels=2, conditioning_channels=3, block_out_channels=(4, 8),
        down_block_types=("CrossAttnDownBlock2D", "DownBlock2D"), mid_block_type="UNetMidBlock2D", layers_per_block=1,
        attention_head_dim=2, norm_num_groups=2, cross_attention_dim=5, conditioning_embedding_out_channels=(6,),
        class_embed_type="projection", projection_class_embeddings_input_dim=3),
}


def randomize(model, generator):
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            # Scales and shifts of norms start as ones and zeros, which would hide a mix-up.
            if "norm" in name:
                parameter.add_(0.3 * torch.randn(parameter.shape, generator=generator))
            else:
                fan = parameter[0].numel() if parameter.dim() > 1 else 16
                parameter.copy_(torch.randn(parameter.shape, generator=generator) / fan ** 0.5)
            parameter.copy_(parameter.half().float())


def watch(unet, features):
    """Keeps the last output of every stage, before it is resampled."""
    def keep(name):
        return lambda _, __, output: features.__setitem__(name, output[0] if isinstance(output, tuple) else output)

    for kind, blocks in (("down", unet.down_blocks), ("up", unet.up_blocks)):
        for i, block in enumerate(blocks):
            attentions = getattr(block, "attentions", None)
            last = attentions[-1] if attentions else block.resnets[-1]
            last.register_forward_hook(keep(f"feature.{kind}.{i}"))
    unet.mid_block.register_forward_hook(keep("feature.middle"))


def save(folder, model, expected):
    folder.mkdir(parents=True, exist_ok=True)
    save_file({k: v.detach().contiguous() for k, v in expected.items()}, folder / "expected.safetensors")
    model.half().save_pretrained(folder)


def write(folder, config, generator):
    unet = UNet2DConditionModel(**config).eval()
    randomize(unet, generator)
    with_text = any("Cross" in name for name in config["down_block_types"])
    features = {}
    if with_text:
        watch(unet, features)
    sample = torch.randn((2, config["in_channels"], 8, 16), generator=generator, requires_grad=True)
    timesteps = torch.tensor([3.0, 981.0])
    if with_text:
        text = torch.randn((2, 5, config["cross_attention_dim"]), generator=generator, requires_grad=True)
    else:
        text = torch.zeros((2, 1, config["cross_attention_dim"]))  # no block attends to it
    width = config.get("projection_class_embeddings_input_dim")
    labels = torch.randn((2, width), generator=generator, requires_grad=True) if width else None
    output = unet(sample, timesteps, encoder_hidden_states=text, class_labels=labels).sample
    weight = torch.randn(output.shape, generator=generator)
    (weight * output).sum().backward()
    expected = {"sample": sample, "timesteps": timesteps, "output": output, "weight": weight, "d.sample": sample.grad}
    expected |= {f"d.{name}": p.grad for name, p in unet.named_parameters()}
    if with_text:
        expected |= {"encoder_hidden_states": text, "d.encoder_hidden_states": text.grad}
        expected |= {name: feature.clone() for name, feature in features.items()}
    if width:
        expected |= {"class_labels": labels, "d.class_labels": labels.grad}
    with_control = {"text": "control", "labels": "control-labels"}.get(folder.name)
    if with_control:
        control(
            folder.parent / with_control, CONTROL[with_control], unet, sample, timesteps, text, generator, labels)
    save(folder, unet, expected)


def control(folder, config, unet, sample, timesteps, text, generator, labels=None):
    """A ControlNet, and what a U-Net computes with it."""
    net = ControlNetModel(**config).eval()
    randomize(net, generator)
    factor = 2 ** (len(config["conditioning_embedding_out_channels"]) - 1)
    picture = torch.randn(
        (2, config["conditioning_channels"], sample.shape[2] * factor, sample.shape[3] * factor), generator=generator)
    with torch.no_grad():
        down, middle = net(
            sample, timesteps, encoder_hidden_states=text, class_labels=labels, controlnet_cond=picture,
            conditioning_scale=0.7, return_dict=False)
        expected = {"control": picture, "middle": middle} | {f"down.{i}": r for i, r in enumerate(down)}
        expected |= {"sample": sample, "timesteps": timesteps, "encoder_hidden_states": text}
        expected |= {"class_labels": labels} if labels is not None else {}
        if unet is not None:
            expected["output"] = unet(
                sample, timesteps, encoder_hidden_states=text, class_labels=labels,
                down_block_additional_residuals=down, mid_block_additional_residual=middle).sample
    save(folder, net, expected)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("fixtures", type=pathlib.Path)
    fixtures = parser.parse_args().fixtures
    torch.set_num_threads(1)
    for seed, (name, config) in enumerate(MODELS.items()):
        torch.manual_seed(seed)
        write(fixtures / name, config, torch.Generator().manual_seed(seed))
    torch.manual_seed(100)
    generator, config = torch.Generator().manual_seed(100), CONTROL["spread"]
    control(
        fixtures / "spread", config, None, torch.randn((2, 3, 4, 8), generator=generator), torch.tensor([3.0, 981.0]),
        torch.randn((2, 5, 6), generator=generator), generator)


if __name__ == "__main__":
    main()
