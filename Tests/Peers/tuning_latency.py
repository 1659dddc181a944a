#!/usr/bin/env python3
"""Times fills while the tuner works, held as it is in use, and without it.

    dbus-run-session -- python3 Tests/Peers/tuning_latency.py --bin .build/release --base DIR --photos DIR --calls 40

The tuner is a real one on real weights: this script does what the daemon does, gives it photos over a socket pair, sends
SIGSTOP before each call and SIGCONT after it. Calls alternate between tuner and no tuner (stopped for good), so that both
see the same machine. Prints p50 and p95 of `refinectl inpaint`, and with --free also with a tuner that is not held.
"""
import argparse
import fcntl
import json
import os
import pathlib
import signal
import socket
import struct
import subprocess
import tempfile
import time

import numpy as np
from PIL import Image

SIDE = 512


class Tuner:
    """refine-worker tune with photos, as refined starts it."""

    def __init__(self, binaries, base, photos, run):
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.socket = socket.socket(fileno=fcntl.fcntl(ours.detach(), fcntl.F_DUPFD_CLOEXEC, 20))
        other = fcntl.fcntl(theirs.detach(), fcntl.F_DUPFD_CLOEXEC, 30)
        environment = {"LC_ALL": "C.UTF-8", "OMP_WAIT_POLICY": "passive", "OMP_NUM_THREADS": str(os.cpu_count())}
        self.process = subprocess.Popen(
            [binaries / "refine-worker", "tune", "--write", run, "--read", base], env=environment, process_group=0,
            pass_fds=[3], preexec_fn=lambda: os.dup2(other, 3))
        os.close(other)
        order = {"run": str(run), "base": str(base), "parent": str(base), "generation": "g", "seed": 1,
                 "size": {"steps": 100000}, "provenance": {}}
        self.send({"begin": {"_0": {"train": {"_0": order}},
                             "_1": {"threads": os.cpu_count(), "addressSpace": 8 << 30, "fileBytes": 1 << 30}}})
        for key, path in enumerate(sorted(photos.iterdir())[:20]):
            image = Image.open(path).convert("RGB")
            image.thumbnail((768, 768))
            memory = os.memfd_create("photo", os.MFD_ALLOW_SEALING | os.MFD_CLOEXEC)
            os.write(memory, np.asarray(image).tobytes())
            fcntl.fcntl(memory, 1033, 15)
            layout = {"width": image.width, "height": image.height, "bitDepth": 8}
            self.send({"photo": {"_0": layout, "key": key}}, [memory])
            os.close(memory)
        self.send({"work": {}})
        while b"progress" not in self.socket.recv(1 << 17):
            pass

    def send(self, message, files=()):
        text = json.dumps(message).encode()
        socket.send_fds(self.socket, [b"RFW1" + struct.pack("<I", len(text)) + text], list(files))

    def signal(self, number):
        os.killpg(self.process.pid, number)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bin", required=True, type=pathlib.Path)
    parser.add_argument("--base", required=True, type=pathlib.Path)
    parser.add_argument("--photos", required=True, type=pathlib.Path)
    parser.add_argument("--calls", type=int, default=40)
    parser.add_argument("--free", action="store_true")
    arguments = parser.parse_args()
    binaries = arguments.bin.resolve()
    with tempfile.TemporaryDirectory(prefix="refine-latency-") as folder:
        folder = pathlib.Path(folder)
        environment = dict(os.environ, XDG_DATA_HOME=str(folder), XDG_CONFIG_HOME=str(folder))
        picture = np.random.default_rng(1).integers(0, 255, (SIDE // 8, SIDE // 8, 3), dtype=np.uint8)
        Image.fromarray(picture).resize((SIDE, SIDE), Image.BICUBIC).save(folder / "photo.png")
        daemon = subprocess.Popen([binaries / "refined"], env=environment, stderr=subprocess.DEVNULL)
        (folder / "run").mkdir()

        def call():
            began = time.monotonic()
            subprocess.run(
                [binaries / "refinectl", "inpaint", folder / "photo.png", "--box", "128,128,256,256", "-o",
                 folder / "out.png", "--force"], env=environment, check=True, capture_output=True)
            return time.monotonic() - began

        for _ in range(3):
            call()
        tuner = Tuner(binaries, arguments.base.resolve(), arguments.photos, folder / "run")
        times = {"without": [], "held": [], "free": []}
        for _ in range(arguments.calls):
            tuner.signal(signal.SIGSTOP)
            times["without"].append(call())
            tuner.signal(signal.SIGCONT)
            time.sleep(0.7)
            # As the daemon does it: the tuner is stopped when the call comes.
            tuner.signal(signal.SIGSTOP)
            times["held"].append(call())
            tuner.signal(signal.SIGCONT)
            if arguments.free:
                time.sleep(0.7)
                times["free"].append(call())
        for name, values in times.items():
            if values:
                p50, p95 = np.percentile(values, [50, 95]) * 1000
                print(f"{name}: p50 {p50:.0f} ms, p95 {p95:.0f} ms over {len(values)} calls")
        tuner.signal(signal.SIGKILL)
        daemon.terminate()
        daemon.wait()


if __name__ == "__main__":
    main()
