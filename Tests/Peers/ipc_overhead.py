#!/usr/bin/python3
"""What the bus, the queue and the image formats add to a fill of 512x512 with a hole of 256x256.

    dbus-run-session -- python3 Tests/Peers/ipc_overhead.py [--bin .build/release] [--runs 15] [--steps 1] [--detail]
        [--image PNG]

The fill is the daemon's own time for pre-fill, denoising and blending; the overhead is the rest of the call as its caller
sees it, from Inpaint to the bytes of the result. Medians.
"""
import argparse
import asyncio
import os
import statistics
import time

from dbus_fast import Variant

import hardening

FILL = ("prefill", "denoise", "blend")


async def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bin", default=".build/release")
    parser.add_argument("--runs", type=int, default=15)
    parser.add_argument("--steps", type=int, default=1)
    parser.add_argument("--detail", action="store_true", help="with texture, as in calls that name no steps")
    parser.add_argument("--image", help="a PNG of 512x512, instead of a pattern that compresses well")
    options = parser.parse_args()
    size = 512
    image = open(options.image, "rb").read() if options.image else hardening.photo(size, size)
    hole = hardening.png(
        size, size, lambda x, y: (255 if 128 <= x < 384 and 128 <= y < 384 else 0,), 1)
    pixels = bytes(byte for y in range(size) for x in range(size) for byte in ((x * 5 + y) % 256, (x ^ y) % 256, y % 256))
    marks = bytes(255 if 128 <= x < 384 and 128 <= y < 384 else 0 for y in range(size) for x in range(size))
    daemon, caller = await hardening.start(options.bin)
    extra = {"seed": Variant("t", 1), "steps": Variant("u", options.steps),
             "detail": Variant("b", options.detail)}
    print("| call | whole | fill | overhead | of the fill | stages in ms |\n|---|---|---|---|---|---|")
    for label, begin in (
        ("Inpaint, PNG", lambda: caller.inpaint(image, hole, **extra)),
        ("InpaintPixels, RGB8", lambda: caller.inpaint_pixels(size, size, pixels, marks, **extra)),
    ):
        wholes, fills, stages = [], [], {}
        for run in range(options.runs + 1):
            began = time.monotonic()
            path = await begin()
            assert await caller.end(path) == ""
            _, info = await caller.result(path)
            if run > 0:
                wholes.append(time.monotonic() - began)
                fills.append(sum(info["seconds"].get(stage, 0) for stage in FILL))
                for stage, seconds in info["seconds"].items():
                    stages.setdefault(stage, []).append(seconds)
        whole, fill = statistics.median(wholes), statistics.median(fills)
        rest = statistics.median(w - f for w, f in zip(wholes, fills))
        print(f"| {label} | {whole * 1e3:.0f} ms | {fill * 1e3:.0f} ms | {rest * 1e3:.1f} ms | {100 * rest / fill:.1f} % | "
              + ", ".join(f"{stage} {statistics.median(each) * 1e3:.1f}" for stage, each in stages.items()) + " |")
    print(f"\n{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}, {options.steps} step(s)")
    daemon.stop()

asyncio.run(main())
