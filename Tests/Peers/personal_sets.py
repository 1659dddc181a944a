#!/usr/bin/env python3
"""Makes the personal photo sets that background tuning is measured on.

    python personal_sets.py --photos DIR [DIR ...] --out personal-sets

    print/train, print/held-out     colour prints with a dot screen: smooth pictures as rotated dots of ink on paper
    map/train, map/held-out         topographic maps: contour lines, a grid, water, woods, roads
    scenes/train, scenes/held-out   left and right halves of the photos whose longer side has 1200 pixels or more
    real/                           all photos, to be left out one by one

Neither style is in the procedural scenes of Sources/Distillation/Procedural, and each picture has its own content:
40 to learn from and 20 to score on. The same arguments give the same files. Needs numpy and Pillow.
"""
import argparse
import pathlib

import numpy as np
from PIL import Image

WIDTH, HEIGHT = 640, 480


def smooth_noise(rng, width, height, cell, octaves=4, gain=0.5):
    """Value noise in 0...1: random grids scaled up smoothly, each finer one fainter."""
    total, weight = np.zeros((height, width)), 0.0
    for octave in range(octaves):
        step = max(cell / 2 ** octave, 2)
        grid = rng.random((int(height / step) + 3, int(width / step) + 3)).astype(np.float32)
        layer = Image.fromarray(grid, "F").resize((width + int(2 * step), height + int(2 * step)), Image.BICUBIC)
        total += gain ** octave * np.asarray(layer)[:height, :width]
        weight += gain ** octave
    total /= weight
    low, high = np.percentile(total, [1, 99])
    return np.clip((total - low) / (high - low), 0, 1)


def shapes(rng, width, height, count):
    """Flat shapes over each other, as a poster has them: values 0...1 for each ink."""
    picture = np.empty((height, width, 3))
    picture[:] = rng.random(3)
    y, x = np.mgrid[0:height, 0:width]
    for _ in range(count):
        colour, angle = rng.random(3), rng.uniform(0, np.pi)
        cx, cy, a, b = rng.uniform(0, width), rng.uniform(0, height), rng.uniform(40, 200), rng.uniform(30, 140)
        u = (x - cx) * np.cos(angle) + (y - cy) * np.sin(angle)
        v = (y - cy) * np.cos(angle) - (x - cx) * np.sin(angle)
        inside = (np.abs(u / a) ** 4 + np.abs(v / b) ** 4 < 1) if rng.random() < 0.5 else (
            (u / a) ** 2 + (v / b) ** 2 < 1)
        shade = np.clip(0.8 + 0.4 * u / a, 0.3, 1.2)[..., None]
        picture = np.where(inside[..., None], np.clip(colour * shade, 0, 1), picture)
    return picture


def print_picture(rng):
    """Three inks on paper, each a screen of round dots of its own angle; the dots' area is the ink's strength."""
    scale = 2
    width, height = WIDTH * scale, HEIGHT * scale
    strength = 0.6 * shapes(rng, width, height, 9) + 0.4 * smooth_noise(rng, width, height, 320, 2)[..., None]
    paper = np.array([0.96, 0.94, 0.88]) * rng.uniform(0.95, 1.03)
    result = np.broadcast_to(paper, (height, width, 3)).copy()
    y, x = np.mgrid[0:height, 0:width]
    pitch = 9.0 * scale
    for ink, (colour, degrees) in enumerate(
            zip([(0.05, 0.62, 0.85), (0.88, 0.12, 0.50), (0.98, 0.88, 0.10)], [15, 75, 45])):
        angle, (dx, dy) = np.radians(degrees), rng.uniform(0, pitch, 2)
        u = ((x + dx) * np.cos(angle) + (y + dy) * np.sin(angle)) / pitch
        v = ((y + dy) * np.cos(angle) - (x + dx) * np.sin(angle)) / pitch
        distance = np.hypot(u - np.round(u), v - np.round(v))
        radius = 0.62 * np.sqrt(np.clip(strength[..., ink], 0.02, 1))
        cover = np.clip((radius - distance) * pitch / 2 + 0.5, 0, 1)[..., None]
        result *= 1 - cover * (1 - np.array(colour))
    return finish(rng, result, scale)


def map_picture(rng):
    """Contour lines of a height field, each fifth one bold, over tints of height, with woods, a lake, a grid, roads."""
    scale = 2
    width, height = WIDTH * scale, HEIGHT * scale
    field = smooth_noise(rng, width, height, rng.uniform(300, 500), 3, 0.35)
    levels = rng.integers(24, 40)
    gy, gx = np.gradient(field * levels)
    slope = np.hypot(gx, gy) + 1e-4
    tint = np.array([0.97, 0.95, 0.86])
    result = np.broadcast_to(tint, (height, width, 3)) * (1 - 0.10 * field[..., None] * np.array([0.3, 0.6, 1.0]))
    woods = smooth_noise(rng, width, height, 260, 3) > rng.uniform(0.55, 0.7)
    result = np.where(woods[..., None], result * np.array([0.80, 0.93, 0.72]), result)

    def line(value, half_width, colour, where=True):
        nonlocal result
        cover = np.clip(half_width - value + 0.5, 0, 1)[..., None] * np.asarray(where, float).reshape(
            (height, width, 1) if np.ndim(where) else (1, 1, 1))
        result = result * (1 - cover) + cover * np.array(colour)

    steps = field * levels
    nearest = np.round(steps)
    distance = np.abs(steps - nearest) / slope
    line(distance, 1.0, (0.72, 0.47, 0.25), nearest % 5 != 0)
    line(distance, 2.2, (0.62, 0.36, 0.16), nearest % 5 == 0)
    lake = field < rng.uniform(0.08, 0.16)
    result = np.where(lake[..., None], np.array([0.66, 0.83, 0.93]), result)
    y, x = np.mgrid[0:height, 0:width]
    pitch = 160 * scale
    for value in (x + rng.uniform(0, pitch), y + rng.uniform(0, pitch)):
        line(np.abs((value + pitch / 2) % pitch - pitch / 2), 0.9, (0.25, 0.35, 0.65))
    for _ in range(rng.integers(1, 4)):
        phase, period, angle = rng.uniform(0, 6.28), rng.uniform(300, 700), rng.uniform(0, np.pi)
        u = x * np.cos(angle) + y * np.sin(angle)
        v = y * np.cos(angle) - x * np.sin(angle) - rng.uniform(-300, 700)
        offset = np.abs(v - 60 * np.sin(2 * np.pi * u / period + phase))
        line(offset, 4.5, (0.15, 0.13, 0.12))
        line(offset, 3.0, (0.97, 0.78, 0.30))
    return finish(rng, result, scale)


def finish(rng, picture, scale):
    """Scales down and adds the scanner's noise."""
    image = Image.fromarray((np.clip(picture, 0, 1) * 255).astype(np.uint8)).resize((WIDTH, HEIGHT), Image.BOX)
    noisy = np.asarray(image, np.float32) + rng.normal(0, 1.2, (HEIGHT, WIDTH, 3))
    return Image.fromarray(np.clip(noisy, 0, 255).astype(np.uint8))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--photos", nargs="+", required=True, type=pathlib.Path)
    parser.add_argument("--out", required=True, type=pathlib.Path)
    parser.add_argument("--train", type=int, default=40)
    parser.add_argument("--held-out", type=int, default=20)
    arguments = parser.parse_args()

    for style, (name, draw) in enumerate([("print", print_picture), ("map", map_picture)]):
        for part, count, first in [("train", arguments.train, 0), ("held-out", arguments.held_out, 10_000)]:
            folder = arguments.out / name / part
            folder.mkdir(parents=True, exist_ok=True)
            for index in range(count):
                rng = np.random.default_rng([style + 1, first + index])
                draw(rng).save(folder / f"{name}-{index:02}.png")

    photos = sorted(path for folder in arguments.photos for path in folder.iterdir()
                    if path.suffix.lower() in (".jpg", ".jpeg", ".png"))
    for part in ("scenes/train", "scenes/held-out", "real"):
        (arguments.out / part).mkdir(parents=True, exist_ok=True)
    for path in photos:
        image = Image.open(path).convert("RGB")
        whole = image.copy()
        whole.thumbnail((1024, 1024), Image.BOX)
        whole.save(arguments.out / "real" / f"{path.stem}.png")
        if max(image.size) < 1200:
            continue
        image.thumbnail((1536, 1536), Image.BOX)
        middle, gap = image.width // 2, 16
        image.crop((0, 0, middle - gap, image.height)).save(arguments.out / "scenes/train" / f"{path.stem}.png")
        image.crop((middle + gap, 0, image.width, image.height)).save(
            arguments.out / "scenes/held-out" / f"{path.stem}.png")


if __name__ == "__main__":
    main()
