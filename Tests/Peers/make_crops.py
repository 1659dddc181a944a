#!/usr/bin/env python3
"""Cuts fixed test crops with holes out of a folder of photos.

    python make_crops.py --photos DIR --out crops-dev-128.safetensors --size 128 --count 200 --seed 1

Every photo is first scaled (area resampling) so that its long side is at most 1024 pixels, then gives the same
number of crops. Half of the holes are rectangles, half brush strokes, each 5-25 % of the crop. The file holds

    images  float32 [N, 3, S, S]  0...1, already quantised to 8 bits
    masks   float32 [N, 1, S, S]  1 = hole
    photo   int64   [N]           index into the metadata entry "photos" (JSON list of file names)
    kind    int64   [N]           0 = rectangles, 1 = brush strokes
    content int64   [N]           0 = smooth, 1 = edges, 2 = texture, by the gradients of the true hole content

The same folder, size, count and seed give the same file. Needs numpy, opencv-python-headless, safetensors.
"""
import argparse
import json
import pathlib

import cv2
import numpy as np
from safetensors.numpy import save_file

KINDS = ["rectangles", "strokes"]
CONTENTS = ["smooth", "edges", "texture"]
LONG_SIDE = 1024
AREA = (0.05, 0.25)
SMOOTH_BELOW = 0.01
EDGES_BELOW = 0.18


def load(path, long_side=LONG_SIDE):
    """RGB, 8 bits, long side at most `long_side`."""
    image = cv2.imread(str(path), cv2.IMREAD_COLOR)
    if image is None:
        raise SystemExit(f"{path}: not a readable image")
    height, width = image.shape[:2]
    scale = long_side / max(height, width)
    if scale < 1:
        size = (round(width * scale), round(height * scale))
        image = cv2.resize(image, size, interpolation=cv2.INTER_AREA)
    return cv2.cvtColor(image, cv2.COLOR_BGR2RGB)


def rectangles(rng, size):
    """One to three boxes; they may touch the border of the crop."""
    mask = np.zeros((size, size), np.uint8)
    for _ in range(rng.integers(1, 4)):
        height, width = (rng.uniform(0.12, 0.5, 2) * size).astype(int)
        top, left = rng.integers(0, size - height + 1), rng.integers(0, size - width + 1)
        mask[top:top + height, left:left + width] = 1
    return mask


def strokes(rng, size):
    """One to five smoothly bending strokes with round ends and a thickness of 3-16 % of the side."""
    mask = np.zeros((size, size), np.uint8)
    for _ in range(rng.integers(1, 6)):
        point = rng.uniform(0, size, 2)
        angle, turn = rng.uniform(0, 2 * np.pi), rng.normal(0, 0.25)
        thickness = max(2, int(rng.uniform(0.03, 0.16) * size))
        for _ in range(rng.integers(4, 14)):
            following = point + 0.08 * size * np.array([np.cos(angle), np.sin(angle)])
            cv2.line(mask, tuple(int(v) for v in point), tuple(int(v) for v in following), 1, thickness)
            point, angle = following, angle + turn + rng.normal(0, 0.3)
    return mask


def hole(rng, size, kind):
    draw = (rectangles, strokes)[kind]
    while True:
        mask = draw(rng, size)
        if AREA[0] <= mask.mean() <= AREA[1]:
            return mask


def content(image, mask):
    """smooth: small mean gradient. Otherwise edges where few pixels hold half of all gradient, else texture."""
    luma = image.astype(np.float32) @ np.array([0.299, 0.587, 0.114], np.float32) / 255
    gradient = np.hypot(cv2.Sobel(luma, cv2.CV_32F, 1, 0, scale=1 / 8), cv2.Sobel(luma, cv2.CV_32F, 0, 1, scale=1 / 8))
    values = np.sort(gradient[mask > 0])[::-1]
    if values.mean() < SMOOTH_BELOW:
        return 0
    share = (np.searchsorted(np.cumsum(values), values.sum() / 2) + 1) / len(values)
    return 1 if share < EDGES_BELOW else 2


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--photos", type=pathlib.Path, required=True)
    parser.add_argument("--out", required=True)
    parser.add_argument("--size", type=int, default=128)
    parser.add_argument("--count", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    paths = sorted(p for p in options.photos.iterdir() if p.suffix.lower() in {".jpg", ".jpeg", ".png", ".webp"})
    photos = [load(path) for path in paths]
    small = [p.name for p, image in zip(paths, photos) if min(image.shape[:2]) < options.size]
    if not paths or small:
        raise SystemExit(f"no photos in {options.photos}" if not paths else f"smaller than the crop: {small}")
    rng = np.random.default_rng([options.seed, options.size])
    images, masks, photo, kind, contents = [], [], [], [], []
    for number in range(options.count):
        index = number % len(photos)
        height, width = photos[index].shape[:2]
        top = rng.integers(0, height - options.size + 1)
        left = rng.integers(0, width - options.size + 1)
        crop = photos[index][top:top + options.size, left:left + options.size]
        shape = (number // len(photos)) % 2
        mask = hole(rng, options.size, shape)
        images.append(crop.transpose(2, 0, 1).astype(np.float32) / 255)
        masks.append(mask[None].astype(np.float32))
        photo.append(index)
        kind.append(shape)
        contents.append(content(crop, mask))
    tensors = {
        "images": np.ascontiguousarray(np.stack(images)), "masks": np.stack(masks), "photo": np.array(photo, np.int64),
        "kind": np.array(kind, np.int64), "content": np.array(contents, np.int64),
    }
    metadata = {
        "photos": json.dumps([p.name for p in paths]), "kinds": json.dumps(KINDS), "contents": json.dumps(CONTENTS),
        "size": str(options.size), "seed": str(options.seed),
        "folder": options.photos.name,
    }
    save_file(tensors, options.out, metadata)
    print(f"{options.out}: {options.count} crops of {len(paths)} photos; holes {100 * np.mean(masks):.1f} %; content",
          {name: contents.count(i) for i, name in enumerate(CONTENTS)})


if __name__ == "__main__":
    main()
