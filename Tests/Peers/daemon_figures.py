#!/usr/bin/python3
"""Times the installed programs: from exec to owning the bus name, memory at rest, and a whole call at 512x512.

    dbus-run-session -- python3 Tests/Peers/daemon_figures.py [--bin .build/release] [--runs 10]

Medians with the range. The call is `refinectl inpaint` as a process: decoding, queue, fill, encoding and all. Needs
python3-dbus; the picture is drawn here.
"""
import argparse
import os
import pathlib
import signal
import statistics
import struct
import subprocess
import tempfile
import time
import zlib

import dbus

NAME = "org.refinecontrol.Refine1"


def png(path, width, height, pixel, bands):
    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
    rows = b"".join(b"\0" + b"".join(bytes(pixel(x, y)) for x in range(width)) for y in range(height))
    header = struct.pack(">IIBBBBB", width, height, 8, 2 if bands == 3 else 0, 0, 0, 0)
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) +
                     chunk(b"IEND", b""))


def wait_for(condition, limit=20):
    end = time.monotonic() + limit
    while not condition():
        if time.monotonic() > end:
            raise SystemExit("refined did not come up")
        time.sleep(0.0005)


def memory(pid):
    """Resident and proportional set size, in MB of 10^6 bytes."""
    rollup = pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text()
    values = {line.split(":")[0]: int(line.split()[1]) for line in rollup.splitlines()[1:]}
    return values["Rss"] * 1024 / 1e6, values["Pss"] * 1024 / 1e6


def row(label, seconds):
    print(f"| {label} | {statistics.median(seconds) * 1e3:.0f} ms | {min(seconds) * 1e3:.0f} to "
          f"{max(seconds) * 1e3:.0f} ms |")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bin", type=pathlib.Path, default=pathlib.Path(".build/release"))
    parser.add_argument("--runs", type=int, default=10)
    options = parser.parse_args()
    bus = dbus.SessionBus()

    def start():
        process = subprocess.Popen([options.bin / "refined"], stderr=subprocess.DEVNULL)
        wait_for(lambda: bus.name_has_owner(NAME))
        return process

    def stop(process):
        process.send_signal(signal.SIGTERM)
        process.wait()

    owning = []
    for _ in range(options.runs):
        began = time.monotonic()
        process = start()
        owning.append(time.monotonic() - began)
        stop(process)

    folder = pathlib.Path(tempfile.mkdtemp())
    png(folder / "photo.png", 512, 512, lambda x, y: ((x * 5 + y) % 256, (x ^ y) % 256, y % 256), 3)
    png(folder / "mask.png", 512, 512, lambda x, y: (255 if 128 <= x < 384 and 128 <= y < 384 else 0,), 1)
    process = start()
    call = [options.bin / "refinectl", "inpaint", folder / "photo.png", "--mask", folder / "mask.png", "--seed", "1",
            "-o", folder / "out.png"]
    subprocess.run(call, check=True)
    rest = memory(process.pid)
    calls = []
    for _ in range(options.runs):
        began = time.monotonic()
        subprocess.run(call, check=True)
        calls.append(time.monotonic() - began)
    after = memory(process.pid)
    stop(process)
    print("| what | median | range |\n|---|---|---|")
    row("exec to owning the bus name", owning)
    row("refinectl inpaint, 512x512, hole of 256x256, default steps", calls)
    print(f"| resident set of the idle daemon after the first call | {rest[0]:.0f} MB (PSS {rest[1]:.0f} MB) | "
          f"{after[0]:.0f} MB after {options.runs} more |")
    print(f"\n{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}")


if __name__ == "__main__":
    main()
