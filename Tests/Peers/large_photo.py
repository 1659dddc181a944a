#!/usr/bin/python3
"""Time and memory of a fill in a large photo: refinectl as a process, and the daemon's peak (VmHWM).

    dbus-run-session -- python3 Tests/Peers/large_photo.py [--bin .build/release] [--runs 3] [--share 0.03] PHOTO...

The hole is a square in the middle with this share of the photo's pixels. The peak is that of each run alone: the mark is
set back before it. Workers are processes of their own; their peak is looked at every 10 ms.
"""
import argparse
import json
import os
import pathlib
import statistics
import subprocess
import tempfile
import threading
import time

import hardening


def status(pid, name):
    """A line of /proc/PID/status in MB of 10^6 bytes."""
    for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith(name + ":"):
            return int(line.split()[1]) * 1024 / 1e6
    return 0.0


class WorkerWatch(threading.Thread):
    """The largest peak of any worker while it runs."""

    def __init__(self, daemon):
        super().__init__(daemon=True)
        self.daemon_process, self.peak, self.is_over = daemon, 0.0, threading.Event()

    def run(self):
        while not self.is_over.wait(0.01):
            for worker in self.daemon_process.workers():
                try:
                    # Before its exec a new process shows the daemon's own memory.
                    if pathlib.Path(f"/proc/{worker}/comm").read_text().strip() == "refine-worker":
                        self.peak = max(self.peak, status(worker, "VmHWM"))
                except OSError:
                    pass


def fill(options, photo, box, target):
    call = [options.bin / "refinectl", "inpaint", photo, "--box", ",".join(map(str, box)), "--seed", "1", "--json",
            "-o", target]
    began = time.monotonic()
    done = subprocess.run(call, check=True, capture_output=True, text=True)
    return time.monotonic() - began, json.loads(done.stdout)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bin", type=pathlib.Path, default=pathlib.Path(".build/release"))
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--share", type=float, default=0.03)
    parser.add_argument("photos", nargs="+", type=pathlib.Path)
    options = parser.parse_args()
    daemon = hardening.Daemon(options.bin)
    folder = pathlib.Path(tempfile.mkdtemp())
    print("| photo | megapixels | hole | refinectl | stages | daemon's peak | worker's peak |\n|---|---|---|---|---|---|---|")
    for photo in options.photos:
        target = folder / ("out" + photo.suffix)
        for _ in range(200):
            try:
                _, info = fill(options, photo, (0, 0, 16, 16), target)
                break
            except subprocess.CalledProcessError as error:
                assert daemon.is_alive() and "not running" in error.stderr, error.stderr
                time.sleep(0.05)
        info = info[0] if isinstance(info, list) else info
        width, height = info["width"], info["height"]
        side = round((width * height * options.share) ** 0.5)
        box = ((width - side) // 2, (height - side) // 2, side, side)
        seconds, peaks, workers = [], [], []
        for _ in range(options.runs):
            pathlib.Path(f"/proc/{daemon.pid}/clear_refs").write_text("5")
            watch = WorkerWatch(daemon)
            watch.start()
            taken, info = fill(options, photo, box, target)
            watch.is_over.set()
            watch.join()
            seconds.append(taken)
            peaks.append(status(daemon.pid, "VmHWM"))
            workers.append(watch.peak)
        info = info[0] if isinstance(info, list) else info
        stages = ", ".join(f"{name} {1e3 * value:.0f}" for name, value in sorted(info.get("seconds", {}).items()))
        print(f"| {photo.name} | {width * height / 1e6:.1f} | {side}x{side} | {statistics.median(seconds):.2f} s "
              f"({min(seconds):.2f} to {max(seconds):.2f}) | {stages} ms | {max(peaks):.0f} MB | {max(workers):.0f} MB |",
              flush=True)
    print(f"\n{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}; at rest afterwards {status(daemon.pid, 'VmRSS'):.0f} MB")
    daemon.stop()


main()
