#!/usr/bin/env python3
"""What the reference implementations of LPIPS, FID and CMMD compute with random weights, for MetricsTests.

    python -m venv /tmp/peers && /tmp/peers/bin/pip install torch torchvision lpips pytorch-fid transformers pillow
    /tmp/peers/bin/python Tests/Peers/make_network_goldens.py Tests/MetricsTests/Goldens

Pictures and weights are those of portable_random.py, so neither is in the repository. LPIPS and Inception have their
full size, and Inception a second one of a sixteenth of its widths; CLIP's tower is small, and the names and shapes of the full one
are written as a list. Written with torch 2.15.0, torchvision 0.29.2, lpips 0.1.4, pytorch-fid 0.3.0,
transformers 5.24.0, pillow 13.0.0.
"""
import argparse
import json
import pathlib

import lpips
import numpy as np
import torch
import torch.nn.functional as F
import torchvision
from PIL import Image
from pytorch_fid import inception as fid_inception
from pytorch_fid.fid_score import calculate_frechet_distance
from transformers import CLIPVisionConfig, CLIPVisionModelWithProjection

from portable_random import picture, uniform, weight

TINY_CLIP = dict(hidden_size=32, intermediate_size=64, num_hidden_layers=2, num_attention_heads=4, image_size=28,
                 patch_size=14, projection_dim=12, hidden_act="quick_gelu")
LARGE_CLIP = dict(hidden_size=1024, intermediate_size=4096, num_hidden_layers=24, num_attention_heads=16,
                  image_size=336, patch_size=14, projection_dim=768, hidden_act="quick_gelu")


def randomize(module, skip=()):
    """Every float tensor of a module by its name."""
    state = module.state_dict()
    for name, tensor in state.items():
        if tensor.is_floating_point() and not name.startswith(skip):
            state[name] = torch.from_numpy(weight(name, tuple(tensor.shape)))
    module.load_state_dict(state)
    return module.eval()


def tensor(name, height, width):
    return torch.from_numpy(picture(name, height, width))[None]


def perceptual(net):
    model = lpips.LPIPS(net=net, pretrained=False, pnet_rand=True, verbose=False)
    features = getattr(torchvision.models, {"alex": "alexnet", "vgg": "vgg16"}[net])(weights=None).features
    for name, target in features.state_dict().items():
        target.copy_(torch.from_numpy(weight(f"features.{name}", tuple(target.shape))))
    # lpips keeps the layers of `features` in slices, under their numbers.
    trunk = {name.split(".", 1)[1]: value for name, value in model.net.state_dict().items()}
    assert trunk.keys() == features.state_dict().keys()
    for value, source in ((trunk[name], features.state_dict()[name]) for name in trunk):
        value.copy_(source)
    for depth in range(5):
        head = model.state_dict()[f"lin{depth}.model.1.weight"]
        # Trained heads are not negative.
        head.copy_(torch.from_numpy(np.abs(weight(f"lin{depth}.model.1.weight", tuple(head.shape)))))
    sizes = [(64, 64), (48, 80)]
    return [{"height": h, "width": w, "distance": float(
        model(tensor("first", h, w), tensor("second", h, w), normalize=True).item())} for h, w in sizes]


def inception(divisor):
    original = torchvision.models.inception.BasicConv2d

    class Narrow(original):
        def __init__(self, inputs, outputs, **options):
            super().__init__(inputs if inputs == 3 else inputs // divisor, outputs // divisor, **options)

    torchvision.models.inception.BasicConv2d = Narrow
    try:
        network = torchvision.models.inception_v3(weights=None, aux_logits=False, init_weights=False, num_classes=2)
        network.Mixed_5b = fid_inception.FIDInceptionA(192, pool_features=32)
        network.Mixed_5c = fid_inception.FIDInceptionA(256, pool_features=64)
        network.Mixed_5d = fid_inception.FIDInceptionA(288, pool_features=64)
        network.Mixed_6b = fid_inception.FIDInceptionC(768, channels_7x7=128)
        network.Mixed_6c = fid_inception.FIDInceptionC(768, channels_7x7=160)
        network.Mixed_6d = fid_inception.FIDInceptionC(768, channels_7x7=160)
        network.Mixed_6e = fid_inception.FIDInceptionC(768, channels_7x7=192)
        network.Mixed_7b = fid_inception.FIDInceptionE_1(1280)
        network.Mixed_7c = fid_inception.FIDInceptionE_2(2048)
    finally:
        torchvision.models.inception.BasicConv2d = original
    randomize(network, skip=("fc.",))
    # pytorch-fid's own forward pass, over this network: its InceptionV3 makes one of full width only.
    model = fid_inception.InceptionV3.__new__(fid_inception.InceptionV3)
    torch.nn.Module.__init__(model)
    model.resize_input, model.normalize_input = True, True
    model.output_blocks, model.last_needed_block = [3], 3
    pool = torch.nn.MaxPool2d(kernel_size=3, stride=2)
    n = network
    model.blocks = torch.nn.ModuleList([
        torch.nn.Sequential(n.Conv2d_1a_3x3, n.Conv2d_2a_3x3, n.Conv2d_2b_3x3, pool),
        torch.nn.Sequential(n.Conv2d_3b_1x1, n.Conv2d_4a_3x3, pool),
        torch.nn.Sequential(n.Mixed_5b, n.Mixed_5c, n.Mixed_5d, n.Mixed_6a, n.Mixed_6b, n.Mixed_6c, n.Mixed_6d,
                            n.Mixed_6e),
        torch.nn.Sequential(n.Mixed_7a, n.Mixed_7b, n.Mixed_7c, torch.nn.AdaptiveAvgPool2d((1, 1)))])
    features = [model(tensor(name, h, w))[0].flatten().tolist()
                for name, h, w in [("first", 96, 128), ("second", 299, 299)]]
    shapes = {name: list(value.shape) for name, value in network.state_dict().items()
              if value.is_floating_point() and not name.startswith("fc.")}
    # A few of the full network's numbers are enough to tell it from any other.
    return {"divisor": divisor, "stride": 1 if divisor > 1 else 16,
            "features": [row[::1 if divisor > 1 else 16] for row in features]}, shapes


def frechet():
    """Random features, more and fewer samples than channels."""
    entries = []
    for samples in ([40, 50], [5, 7], [30, 6]):
        a, b = (uniform(f"features {i} {n}", (n, 12)).astype(np.float64) * (1 + i) for i, n in enumerate(samples))
        distance = calculate_frechet_distance(
            a.mean(0), np.cov(a, rowvar=False) + 0, b.mean(0), np.cov(b, rowvar=False) + 0)
        entries.append({"samples": samples, "width": 12, "distance": float(np.real(distance))})
    return entries


def clip_model(configuration):
    return CLIPVisionModelWithProjection(CLIPVisionConfig(**configuration))


def embed(model, image, side):
    """The preprocessing of CMMD's PyTorch version: middle square, Pillow's bicubic, CLIP's mean and deviation."""
    height, width = image.shape[1:]
    pil = Image.fromarray(np.round(image.transpose(1, 2, 0) * 255).astype(np.uint8))
    edge = min(height, width)
    top, left = (height - edge) // 2, (width - edge) // 2
    pil = pil.crop((left, top, left + edge, top + edge)).resize((side, side), resample=Image.BICUBIC)
    values = torch.from_numpy(np.asarray(pil).astype(np.float32) / 255).permute(2, 0, 1)[None]
    mean = torch.tensor([0.48145466, 0.4578275, 0.40821073]).view(1, 3, 1, 1)
    deviation = torch.tensor([0.26862954, 0.26130258, 0.27577711]).view(1, 3, 1, 1)
    return model(pixel_values=(values - mean) / deviation).image_embeds[0].tolist()


def mmd(x, y, sigma=10.0, scale=1000.0):
    """Gaussian kernel with diagonals, as in the paper's code."""
    x, y = (F.normalize(torch.tensor(v, dtype=torch.float64), dim=1) for v in (x, y))

    def kernel(a, b):
        return torch.exp(-torch.cdist(a, b, compute_mode="donot_use_mm_for_euclid_dist")**2 / (2 * sigma**2)).mean()
    return float(scale * (kernel(x, x) + kernel(y, y) - 2 * kernel(x, y)))


def clip():
    model = randomize(clip_model(TINY_CLIP))
    sizes = [("first", 64, 64), ("second", 20, 24), ("third", 90, 40), ("fourth", 28, 28)]
    images = [picture(*size) for size in sizes]
    embeddings = [embed(model, image, TINY_CLIP["image_size"]) for image in images]
    with torch.device("meta"):
        large = clip_model(LARGE_CLIP)
    shapes = {name: list(value.shape) for name, value in large.state_dict().items() if value.is_floating_point()}
    return {"configuration": TINY_CLIP, "pictures": [list(size) for size in sizes], "embeddings": embeddings,
            "cmmd": mmd(embeddings[:2], embeddings[2:])}, shapes


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("goldens", type=pathlib.Path)
    goldens = parser.parse_args().goldens
    torch.set_num_threads(1)

    def write(name, value):
        (goldens / name).write_text(json.dumps(value) + "\n")
    with torch.no_grad():
        write("lpips.json", {net: perceptual(net) for net in ("alex", "vgg")})
        (narrow, _), (full, inception_shapes) = inception(16), inception(1)
        write("inception.json", [narrow, full])
        write("frechet.json", frechet())
        small, clip_shapes = clip()
        write("clip.json", small)
    write("inception-shapes.json", inception_shapes)
    write("clip-shapes.json", clip_shapes)


if __name__ == "__main__":
    main()
