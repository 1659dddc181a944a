#!/usr/bin/env python3
"""Tunes refined on a folder of photos and tells which weights fill what.

    dbus-run-session -- python3 Tests/Peers/photo_decides.py --bin .build/release --photos DIR --steps 400 \\
        --same DIR --other DIR

refined learns --photos in --steps steps (a generation has to be adopted), then fills a hole of 96x96 in the middle of
each photo of --same, which are like those, and of --other, which are not: photos larger than 512 pixels are cut to their
middle. Printed are how many of each were filled by the generation and by the base, the median time of `refinectl inpaint`
from its start to its end with the generation in use and with the base, and what the daemon holds at rest with each.
Needs Pillow.
"""
import argparse
import json
import os
import pathlib
import statistics
import subprocess
import tempfile
import time

from PIL import Image

SIDE, HOLE = 512, 96


class Daemon:
    def __init__(self, binaries, folder, steps):
        self.bin, self.folder = binaries, folder
        self.environment = dict(
            os.environ, XDG_DATA_HOME=str(folder / "data"), XDG_CONFIG_HOME=str(folder / "config"),
            REFINE_TUNING_STEPS=str(steps))
        self.process = subprocess.Popen([binaries / "refined"], env=self.environment, stderr=subprocess.DEVNULL)
        for _ in range(100):
            if subprocess.run([binaries / "refinectl", "status"], env=self.environment, capture_output=True).returncode == 0:
                return
            time.sleep(0.1)
        raise SystemExit("refined does not answer")

    def ctl(self, *words):
        done = subprocess.run([self.bin / "refinectl", *words], env=self.environment, capture_output=True, text=True)
        if done.returncode != 0:
            raise SystemExit(f"refinectl {' '.join(map(str, words))}: {done.stderr}")
        return done.stdout

    def fill(self, picture):
        x, y = (picture.width - HOLE) // 2, (picture.height - HOLE) // 2
        file = self.folder / "photo.png"
        picture.save(file)
        began = time.monotonic()
        told = self.ctl("inpaint", str(file), "--box", f"{x},{y},{HOLE},{HOLE}", "--seed", "1", "--json",
                        "-o", str(self.folder / "filled.png"))
        return json.loads(told)["generation"], time.monotonic() - began

    def resident(self):
        with open(f"/proc/{self.process.pid}/status") as status:
            return next(int(line.split()[1]) // 1000 for line in status if line.startswith("VmRSS"))


def pictures(folder):
    for path in sorted(folder.iterdir()):
        picture = Image.open(path).convert("RGB")
        left, top = max(0, (picture.width - SIDE) // 2), max(0, (picture.height - SIDE) // 2)
        yield picture.crop((left, top, min(picture.width, left + SIDE), min(picture.height, top + SIDE)))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("bin", "photos", "same", "other"):
        parser.add_argument(f"--{name}", required=True, type=pathlib.Path)
    parser.add_argument("--steps", type=int, default=400)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="refine-choice-") as folder:
        daemon = Daemon(arguments.bin.resolve(), pathlib.Path(folder), arguments.steps)
        try:
            run(daemon, arguments)
        finally:
            daemon.process.terminate()
            daemon.process.wait()


def run(daemon, arguments):
    daemon.ctl("library", "add", str(arguments.photos.resolve()))
    daemon.ctl("library", "rescan")
    daemon.ctl("tune", "start", "--wait")
    print(daemon.ctl("tune", "history").rstrip())
    models = json.loads(daemon.ctl("model", "list", "--json"))
    base = models[-1]["generation"]
    generation = next((m["generation"] for m in models if m["generation"] != base), None)
    if generation is None:
        raise SystemExit("nothing was adopted")
    for name in (generation, base):
        daemon.ctl("model", "use", name)
        times = []
        for kind, folder in (("same", arguments.same), ("other", arguments.other)):
            count = {generation: 0, base: 0}
            for picture in pictures(folder):
                by, seconds = daemon.fill(picture)
                count[by] += 1
                times.append(seconds)
            print(f"{name} in use, {kind}: {count[generation]} filled by {generation}, {count[base]} by {base}")
        time.sleep(1)
        print(f"{name} in use: a call {statistics.median(times) * 1000:.0f} ms in the median, "
              f"{daemon.resident()} MB at rest")


if __name__ == "__main__":
    main()
