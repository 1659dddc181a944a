#!/usr/bin/env python3
"""Times fills while refined tunes, and without.

    dbus-run-session -- python3 Tests/Peers/tuning_latency.py --bin .build/release --photos DIR --calls 60

refined gets DIR as its library and tunes (`refinectl tune start`, real weights, all threads). Each call is one
`refinectl inpaint` from its start to its end, so that holding the tuner is part of what is timed. Rows:

    without     no tuner process: one half before tuning began, one half after `refinectl tune pause`
    stopped     between two calls while tuning, with the tuner stopped 0.3 s before by this script
    tuning      the tuner has computed for at least 0.3 s since the call before, and computes when the call begins

Prints p50 and p95 of each, and tuning / without. Nothing else should run. Needs numpy and Pillow.
"""
import argparse
import json
import os
import pathlib
import signal
import subprocess
import tempfile
import time

import numpy as np
from PIL import Image

SIDE = 512
TICKS = os.sysconf("SC_CLK_TCK")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bin", required=True, type=pathlib.Path)
    parser.add_argument("--photos", required=True, type=pathlib.Path)
    parser.add_argument("--calls", type=int, default=60)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="refine-latency-") as folder:
        timing = Timing(arguments.bin.resolve(), arguments.photos.resolve(), pathlib.Path(folder))
        try:
            timing.run(arguments.calls)
        finally:
            timing.daemon.terminate()
            timing.daemon.wait()
        timing.report()


class Timing:
    def __init__(self, binaries, photos, folder):
        self.bin, self.photos, self.folder = binaries, photos, folder
        self.environment = dict(os.environ, XDG_DATA_HOME=str(folder / "data"), XDG_CONFIG_HOME=str(folder / "config"))
        picture = np.random.default_rng(1).integers(0, 255, (SIDE // 8, SIDE // 8, 3), dtype=np.uint8)
        Image.fromarray(picture).resize((SIDE, SIDE), Image.BICUBIC).save(folder / "photo.png")
        self.times = {"without": [], "stopped": [], "tuning": []}
        self.daemon = subprocess.Popen([binaries / "refined"], env=self.environment, stderr=subprocess.DEVNULL)

    def ctl(self, *words):
        done = subprocess.run([self.bin / "refinectl", *words], env=self.environment, capture_output=True, text=True)
        if done.returncode != 0:
            raise SystemExit(f"refinectl {' '.join(map(str, words))}: {done.stderr}")
        return done.stdout

    def call(self, row=None):
        began = time.monotonic()
        self.ctl("inpaint", self.folder / "photo.png", "--box", "128,128,256,256", "-o", self.folder / "out.png")
        if row:
            self.times[row].append(time.monotonic() - began)

    def tuner(self):
        """The process id of the tuner."""
        return int(self.until(lambda: subprocess.run(
            ["pgrep", "-P", str(self.daemon.pid), "refine-tuner"], capture_output=True, text=True).stdout.split(),
            "no tuner")[0])

    def until(self, body, problem, seconds=60):
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            found = body()
            if found:
                return found
            time.sleep(0.02)
        raise SystemExit(problem)

    def run(self, calls):
        self.until(lambda: subprocess.run([self.bin / "refinectl", "status"], env=self.environment,
                                          capture_output=True).returncode == 0, "refined does not answer")
        self.ctl("library", "add", str(self.photos))
        self.until(lambda: "up to date" in self.ctl("library", "stats"), "the library is not ready", 240)
        for _ in range(3):
            self.call()
        for _ in range(calls // 2):
            self.call("without")
        self.ctl("tune", "start", "--no-wait")
        self.until(lambda: json.loads(self.ctl("tune", "status", "--json"))["step"],
                   "no step was made", 200)
        process = self.tuner()

        def worked():
            # User and system time; the name, which may hold blanks, ends with a bracket.
            fields = pathlib.Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()
            return (int(fields[11]) + int(fields[12])) / TICKS

        for _ in range(calls):
            before = worked()
            self.until(lambda: worked() > before + 0.3, "the tuner does not go on")
            self.call("tuning")
            os.killpg(process, signal.SIGSTOP)
            time.sleep(0.3)
            # The daemon continues the tuner when this call is done.
            self.call("stopped")
        self.ctl("tune", "pause")
        for _ in range(calls - calls // 2):
            self.call("without")

    def report(self):
        p95 = {}
        for name, values in self.times.items():
            p50, p95[name] = np.percentile(values, [50, 95]) * 1000
            print(f"{name:8} p50 {p50:.0f} ms, p95 {p95[name]:.0f} ms, {len(values)} calls")
        print(f"p95, tuning / without: {p95['tuning'] / p95['without']:.3f}; "
              f"tuning / stopped: {p95['tuning'] / p95['stopped']:.3f}")


if __name__ == "__main__":
    main()
