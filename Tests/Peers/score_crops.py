#!/usr/bin/env python3
"""Scores fills of the crops of make_crops.py against the classical ones.

    python score_crops.py --crops crops-dev-128.safetensors --fills ours=fills.safetensors \
        --out scores-dev-128.md --json scores-dev-128.json

Classical fills: OpenCV's Telea and Navier-Stokes (radius 3), scikit-image's biharmonic, and "pre-fill": the plate in
tension (tension 1/4, clamped to the range of the rim) that the product starts from, here by SciPy's direct solver.
A given fill is NAME=FILE with a tensor "fills" float32 [N, 3, S, S] in the order of the crops.

Every fill is rounded to 8 bits, as it would be saved. PSNR and SSIM count hole pixels only; a crop without error scores
60 dB. SSIM: Wang et al. 2004 (Gaussian window of 11x11, sigma 1.5, no sample covariance). "pooled" is the PSNR of the
mean squared error over all hole pixels of all crops. Intervals: 95 %, bootstrap over photos, since crops of one photo
are alike. Texture distance: see texture_distance; smaller is better. Needs numpy, scipy, opencv-python-headless, scikit-image, safetensors.
"""
import argparse
import json
import pathlib
import sys

import cv2
import numpy as np
import scipy.ndimage
import scipy.sparse
import scipy.sparse.linalg
from safetensors import safe_open
from skimage.metrics import structural_similarity
from skimage.restoration import inpaint_biharmonic

TENSION = 0.25
CEILING = 60.0


def opencv(method):
    def fill(image, hole):
        bgr = np.ascontiguousarray((image * 255).round().astype(np.uint8)[..., ::-1])
        return cv2.inpaint(bgr, hole.astype(np.uint8), 3, method)[..., ::-1].astype(np.float64) / 255
    return fill


def biharmonic(image, hole):
    return inpaint_biharmonic(image, hole, channel_axis=-1)


def laplacian(height, width):
    def line(n):
        step = scipy.sparse.diags([-np.ones(n - 1), np.ones(n - 1)], [0, 1], shape=(n - 1, n))
        return step.T @ step
    return (scipy.sparse.kron(line(height), scipy.sparse.eye(width))
            + scipy.sparse.kron(scipy.sparse.eye(height), line(width))).tocsr()


SYSTEMS = {}


def prefill(image, hole):
    if hole.shape not in SYSTEMS:
        laplace = laplacian(*hole.shape)
        SYSTEMS[hole.shape] = (laplace @ laplace + TENSION * laplace).tocsr()
    rows = SYSTEMS[hole.shape][np.flatnonzero(hole)]
    flat = image.reshape(-1, 3).copy()
    flat[hole.ravel()] = 0
    system = rows[:, np.flatnonzero(hole)].tocsc()
    solution = scipy.sparse.linalg.splu(system, permc_spec="MMD_AT_PLUS_A").solve(-(rows @ flat))
    flat[hole.ravel()] = solution
    filled = flat.reshape(image.shape)
    # Holes within two pixels of each other are one: the equation reaches that far.
    labels, count = scipy.ndimage.label(scipy.ndimage.binary_dilation(hole, np.ones((3, 3))), np.ones((3, 3)))
    for number in range(1, count + 1):
        part = hole & (labels == number)
        rim = scipy.ndimage.binary_dilation(part, scipy.ndimage.generate_binary_structure(2, 1), 2) & ~hole
        filled[part] = np.clip(filled[part], image[rim].min(0), image[rim].max(0))
    return filled


CLASSICAL = {
    "Telea": opencv(cv2.INPAINT_TELEA), "Navier-Stokes": opencv(cv2.INPAINT_NS), "biharmonic": biharmonic,
    "pre-fill": prefill,
}


def measure(fill, image, hole):
    """(squared error over the hole, samples, PSNR, SSIM)"""
    fill = np.round(np.clip(fill, 0, 1) * 255) / 255
    error = ((fill - image)[hole] ** 2).sum()
    samples = 3 * int(hole.sum())
    _, ssim = structural_similarity(
        image, fill, gaussian_weights=True, sigma=1.5, use_sample_covariance=False, data_range=1, channel_axis=-1,
        full=True)
    return error, samples, decibels(error / samples), ssim[hole].mean()


def decibels(error):
    return min(CEILING, -10 * np.log10(max(error, 1e-12)))


def summary(table):
    return {"psnr": table[:, 2].mean(), "pooled": decibels(table[:, 0].sum() / table[:, 1].sum()),
            "ssim": table[:, 3].mean()}


def texture_distance(fill, images, holes, patch=7, per_crop=64, directions=128):
    """Sliced Wasserstein distance between the patches around hole pixels in the fills and in the photos, in 8-bit steps.

    Rabin et al. 2011 on patches of 7x7; patches lie inside the picture, the same places for every fill."""
    rng = np.random.default_rng(1)
    reach, ours, true = patch // 2, [], []
    for filled, image, hole in zip(fill, images, holes):
        rows, columns = np.nonzero(hole[reach:-reach, reach:-reach])
        if not len(rows):
            continue
        for i in rng.integers(0, len(rows), per_crop):
            window = np.s_[rows[i]:rows[i] + patch, columns[i]:columns[i] + patch]
            ours.append(np.round(np.clip(filled[window], 0, 1) * 255).ravel())
            true.append(image[window].ravel() * 255)
    axes = rng.normal(size=(patch * patch * 3, directions))
    axes /= np.linalg.norm(axes, axis=0)
    # Without their mean colour: the distance is about texture, not tone.
    project = [np.sort((np.array(p) - np.array(p).reshape(len(p), -1, 3).mean(1).repeat(patch * patch, 0).reshape(
        len(p), -1)) @ axes, axis=0) for p in (ours, true)]
    return float(np.abs(project[0] - project[1]).mean())


def bootstrap(tables, photo, rounds=2000):
    """Percentile intervals of each summary, and of of its differences."""
    rng = np.random.default_rng(0)
    groups = [np.flatnonzero(photo == p) for p in np.unique(photo)]
    draws = []
    for _ in range(rounds):
        chosen = np.concatenate([groups[i] for i in rng.integers(0, len(groups), len(groups))])
        draws.append([summary(t[chosen]) for t in tables])
    return draws


def shown(argument):
    """Paths by their last part alone."""
    name, separator, path = argument.rpartition("=")
    return name + separator + path.rsplit("/", 1)[-1]


def interval(values):
    return [float(v) for v in np.percentile(values, [2.5, 97.5])]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--crops", required=True)
    parser.add_argument("--fills", nargs="*", default=[], metavar="NAME=FILE")
    parser.add_argument("--out", type=pathlib.Path, help="Markdown; standard output when left out")
    parser.add_argument("--json", type=pathlib.Path)
    options = parser.parse_args()
    with safe_open(options.crops, "numpy") as file:
        crops = {name: file.get_tensor(name) for name in file.keys()}
        metadata = file.metadata()
    images = crops["images"].transpose(0, 2, 3, 1).astype(np.float64)
    holes = crops["masks"][:, 0] > 0
    fills = {}
    for name, method in CLASSICAL.items():
        fills[name] = [method(image, hole) for image, hole in zip(images, holes)]
    for entry in options.fills:
        name, _, path = entry.partition("=")
        with safe_open(path, "numpy") as file:
            given = file.get_tensor("fills").transpose(0, 2, 3, 1).astype(np.float64)
        if given.shape != images.shape:
            raise SystemExit(f"{path}: fills of shape {given.shape}, crops of {images.shape}")
        fills[name] = given
    tables = {name: np.array([measure(*row) for row in zip(fill, images, holes)]) for name, fill in fills.items()}

    best = max(("Telea", "Navier-Stokes", "biharmonic"), key=lambda name: summary(tables[name])["pooled"])
    names = list(tables)
    draws = bootstrap([tables[name] for name in names], crops["photo"])
    base = names.index(best)
    kinds, contents = json.loads(metadata["kinds"]), json.loads(metadata["contents"])
    groups = {("content", label): crops["content"] == i for i, label in enumerate(contents)}
    groups |= {("kind", label): crops["kind"] == i for i, label in enumerate(kinds)}
    report = {"crops": len(images), "size": images.shape[1], "photos": json.loads(metadata["photos"]),
              "best_classical": best,
              "crops_command": f"python make_crops.py --photos {metadata['folder']} --size {metadata['size']} "
                               f"--count {len(images)} --seed {metadata['seed']}",
              "command": " ".join(shown(argument) for argument in sys.argv), "fills": {}}
    for i, name in enumerate(names):
        entry = {}
        for key, value in summary(tables[name]).items():
            entry[key] = {
                "value": float(value), "interval": interval([d[i][key] for d in draws]),
                "difference": float(value - summary(tables[best])[key]),
                "difference_interval": interval([d[i][key] - d[base][key] for d in draws])}
        entry["texture_distance"] = texture_distance(fills[name], images, holes)
        for (group, label), chosen in groups.items():
            entry.setdefault(group, {})[label] = {"crops": int(chosen.sum())} | {
                key: float(value) for key, value in summary(tables[name][chosen]).items()}
        report["fills"][name] = entry
    if options.json:
        options.json.write_text(json.dumps(report, indent=1) + "\n")
    text = markdown(report)
    if options.out:
        options.out.write_text(text)
    else:
        print(text, end="")


def markdown(report):
    size, fills = report["size"], report["fills"]
    lines = [f"## {report['crops']} crops of {size}x{size}, {len(report['photos'])} photos", "",
             f"Made by `{report['crops_command']}` and `python {report['command']}`.", "",
             "| fill | PSNR, mean (dB) | PSNR, pooled (dB) | SSIM | texture distance |", "|---|---|---|---|---|"]

    def cell(entry, digits):
        low, high = entry["interval"]
        return f"{entry['value']:.{digits}f} [{low:.{digits}f}, {high:.{digits}f}]"
    for name, entry in fills.items():
        lines.append(f"| {name} | {cell(entry['psnr'], 2)} | {cell(entry['pooled'], 2)} | {cell(entry['ssim'], 4)} "
                     f"| {entry['texture_distance']:.2f} |")
    lines += ["", f"Difference to {report['best_classical']}, the best of Telea, Navier-Stokes and biharmonic:", "",
              "| fill | PSNR, mean (dB) | PSNR, pooled (dB) | SSIM |", "|---|---|---|---|"]

    def difference(entry, digits):
        low, high = entry["difference_interval"]
        return f"{entry['difference']:+.{digits}f} [{low:+.{digits}f}, {high:+.{digits}f}]"
    for name, entry in fills.items():
        lines.append(f"| {name} | {difference(entry['psnr'], 2)} | {difference(entry['pooled'], 2)} "
                     f"| {difference(entry['ssim'], 4)} |")
    for group in ("content", "kind"):
        labels = list(next(iter(fills.values()))[group])
        counts = [next(iter(fills.values()))[group][label]["crops"] for label in labels]
        heads = [f"{label} ({count})" for label, count in zip(labels, counts)]
        lines += ["", f"By {group}: PSNR mean / pooled (dB) / SSIM", "", f"| fill | {' | '.join(heads)} |",
                  "|---" * (len(labels) + 1) + "|"]
        for name, entry in fills.items():
            cells = [f"{e['psnr']:.2f} / {e['pooled']:.2f} / {e['ssim']:.4f}" for e in entry[group].values()]
            lines.append(f"| {name} | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    main()
