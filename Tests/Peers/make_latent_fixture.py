#!/usr/bin/env python3
"""Writes a small random Stable Diffusion inpainting folder with what diffusers computes with it, for DiffusionTests.

    python -m venv /tmp/peers && /tmp/peers/bin/pip install torch diffusers transformers safetensors
    /tmp/peers/bin/python Tests/Peers/make_latent_fixture.py Tests/DiffusionTests/Fixtures

`latent` is a StableDiffusionInpaintPipeline as diffusers saves it (fp16; computed in fp32 from the rounded weights),
its tokenizer that of make_text_fixture.py, and `expected.safetensors`: "image" [1, 3, H, W] in 0...1, "mask"
[1, 1, H, W], "noise", "latents" (the scaled mean of the image's), "decoded" (the picture of these latents), and
"output.PROMPT.GUIDANCE", pictures after three DDIM steps. The folder names PNDM, as published ones do. The pipeline
samples the photo's latents; here it takes their mean. Written with torch 2.15.0, diffusers 0.42.1, transformers 5.24.0.
"""
import argparse
import json
import pathlib
import shutil

import torch
from diffusers import AutoencoderKL, DDIMScheduler, PNDMScheduler, StableDiffusionInpaintPipeline, UNet2DConditionModel
from diffusers.models.autoencoders.vae import DiagonalGaussianDistribution
from safetensors.torch import save_file
from transformers import CLIPTextConfig, CLIPTextModel, CLIPTokenizer

VOCABULARY = 574


def randomize(model, generator):
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if "norm" in name:
                parameter.add_(0.3 * torch.randn(parameter.shape, generator=generator))
            else:
                fan = parameter[0].numel() if parameter.dim() > 1 and "embedding" not in name else 4
                parameter.copy_(torch.randn(parameter.shape, generator=generator) / fan ** 0.5)
            parameter.copy_(parameter.half().float())
    return model.eval()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("fixtures", type=pathlib.Path)
    fixtures = parser.parse_args().fixtures
    folder = fixtures / "latent"
    torch.set_num_threads(1)
    torch.manual_seed(0)
    generator = torch.Generator().manual_seed(0)
    vae = randomize(AutoencoderKL(
        block_out_channels=(4, 8), down_block_types=("DownEncoderBlock2D",) * 2,
        up_block_types=("UpDecoderBlock2D",) * 2, layers_per_block=1, latent_channels=4, norm_num_groups=2,
        sample_size=16, scaling_factor=0.4), generator)
    unet = randomize(UNet2DConditionModel(
        sample_size=8, in_channels=9, out_channels=4, block_out_channels=(4, 8),
        down_block_types=("CrossAttnDownBlock2D", "DownBlock2D"), up_block_types=("UpBlock2D", "CrossAttnUpBlock2D"),
        layers_per_block=1, attention_head_dim=2, norm_num_groups=2, cross_attention_dim=8), generator)
    encoder = randomize(CLIPTextModel(CLIPTextConfig(
        vocab_size=VOCABULARY, hidden_size=8, intermediate_size=16, num_hidden_layers=1, num_attention_heads=2,
        max_position_embeddings=24, bos_token_id=VOCABULARY - 2, eos_token_id=VOCABULARY - 1,
        pad_token_id=VOCABULARY - 1)), generator)
    tokenizer = CLIPTokenizer.from_pretrained(fixtures / "tokenizer")
    assert len(tokenizer) == VOCABULARY
    betas = dict(beta_start=0.00085, beta_end=0.012, beta_schedule="scaled_linear", steps_offset=1,
                 set_alpha_to_one=False)
    pndm = PNDMScheduler(skip_prk_steps=True, **betas)
    pipeline = StableDiffusionInpaintPipeline(
        vae=vae, unet=unet, text_encoder=encoder, tokenizer=tokenizer, safety_checker=None, feature_extractor=None,
        scheduler=DDIMScheduler(clip_sample=False, **betas), requires_safety_checker=False)
    pipeline.set_progress_bar_config(disable=True)
    DiagonalGaussianDistribution.sample = lambda self, generator=None: self.mode()

    height, width = 16, 24
    image = torch.rand((1, 3, height, width), generator=generator)
    mask = torch.zeros((1, 1, height, width))
    mask[..., 4:12, 6:18] = 1  # whole latents, of which diffusers and this project make the same mask
    noise = torch.randn((1, 4, height // 2, width // 2), generator=generator)
    expected = {"image": image, "mask": mask, "noise": noise}
    with torch.no_grad():
        latents = vae.encode(2 * image - 1).latent_dist.mode() * vae.config.scaling_factor
        expected |= {"latents": latents, "decoded": vae.decode(latents / vae.config.scaling_factor).sample}
        for prompt, guidance in (("", 1.0), ("a red brick wall", 1.0), ("a red brick wall", 7.5)):
            expected[f"output.{prompt}.{guidance:g}"] = torch.from_numpy(pipeline(
                prompt=prompt, image=image, mask_image=mask, height=height, width=width, num_inference_steps=3,
                strength=1.0, guidance_scale=guidance, latents=noise, output_type="np").images).permute(0, 3, 1, 2)
    shutil.rmtree(folder, ignore_errors=True)
    pipeline.scheduler = pndm
    pipeline.to(torch.float16).save_pretrained(folder)
    # transformers 5 saves tokenizers in another way than published folders have them.
    shutil.rmtree(folder / "tokenizer")
    shutil.copytree(fixtures / "tokenizer", folder / "tokenizer", ignore=shutil.ignore_patterns("encoded.json"))
    index = json.loads((folder / "model_index.json").read_text())
    assert index["_class_name"] == "StableDiffusionInpaintPipeline" and index["scheduler"][1] == "PNDMScheduler"
    save_file({k: v.contiguous() for k, v in expected.items()}, folder / "expected.safetensors")


if __name__ == "__main__":
    main()
