#!/usr/bin/env python3
"""What scikit-image says of PSNR and SSIM, and make_crops.py of the content of a hole, for MetricsTests.

    pip install numpy scikit-image opencv-python-headless safetensors
    python Tests/Peers/make_pixel_goldens.py > Tests/MetricsTests/Goldens/pixels.json

The pictures are those of portable_random.py. Written with numpy 2.4.6, scikit-image 0.26.0.
"""
import json

import numpy as np
from skimage.metrics import peak_signal_noise_ratio, structural_similarity

from make_crops import CONTENTS, content
from portable_random import picture, uniform

SIZES = [(48, 64), (37, 29), (128, 128)]


def hole(height, width):
    y, x = np.mgrid[0:height, 0:width]
    return (x - width // 3) ** 2 + (y - height // 2) ** 2 < (min(height, width) // 3) ** 2


def main():
    entries = []
    for height, width in SIZES:
        truth = picture(f"truth {height}x{width}", height, width)
        noise = uniform(f"error {height}x{width}", truth.shape)
        fill = np.clip(np.round(truth * 255) + np.floor(noise * 41) - 20, 0, 255).astype(np.float32) / np.float32(255)
        inside = hole(height, width)
        a, b = truth.astype(np.float64), fill.astype(np.float64)
        mean, full = structural_similarity(
            a, b, gaussian_weights=True, sigma=1.5, use_sample_covariance=False, data_range=1, channel_axis=0, full=True)
        smooth = np.repeat(np.repeat(picture("flat", 8, 8)[:, :1, :1], height, 1), width, 2)
        step = smooth.copy()
        step[:, :, width // 3:] *= 0.5
        kinds = [CONTENTS[content(np.round(p * 255).astype(np.uint8).transpose(1, 2, 0), inside.astype(np.uint8))]
                 for p in (smooth, step, truth)]
        entries.append({
            "height": height, "width": width, "psnr_image": peak_signal_noise_ratio(a, b, data_range=1),
            "psnr": peak_signal_noise_ratio(a[:, inside], b[:, inside], data_range=1), "ssim_image": float(mean),
            "ssim": float(full[:, inside].mean()), "contents": kinds})
    print(json.dumps(entries, indent=1))


if __name__ == "__main__":
    main()
