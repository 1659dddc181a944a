#!/usr/bin/env python3
"""Puts fills by a base and by tuned weights under the holes that they fill.

    python3 Tests/Peers/personal_sheet.py --out docs/personal.jpg --columns 0,2,6,7 \\
        --set print.safetensors print-base.safetensors print-tuned.safetensors \\
        --set map.safetensors map-base.safetensors map-tuned.safetensors

The first file of a set is what make_crops.py wrote, the others what `refine-distill evaluate --crops FILE --model MODEL
--output` did. Rows: holes, base, tuned, truth. Needs numpy, safetensors and Pillow.
"""
import argparse

import numpy as np
from PIL import Image
from safetensors.numpy import load_file


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--set", nargs=3, action="append", required=True, metavar=("CROPS", "BASE", "TUNED"))
    parser.add_argument("--columns", default="0,1,2,3")
    parser.add_argument("--out", required=True)
    arguments = parser.parse_args()
    chosen = [int(column) for column in arguments.columns.split(",")]
    parts = []
    for crops, base, tuned in arguments.set:
        given = load_file(crops)
        images, masks = given["images"].astype(np.float32), (given["masks"] > 0).astype(np.float32)
        if given["images"].dtype == np.uint8:
            images /= 255
        rows = [images * (1 - masks) + 0.5 * masks, load_file(base)["fills"], load_file(tuned)["fills"], images]
        parts.append(np.concatenate(
            [np.concatenate([row[i].transpose(1, 2, 0) for i in chosen], axis=1) for row in rows], axis=0))
    sheet = np.concatenate(parts, axis=1)
    Image.fromarray(np.clip(sheet * 255 + 0.5, 0, 255).astype(np.uint8)).save(arguments.out, quality=90)


if __name__ == "__main__":
    main()
