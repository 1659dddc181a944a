#!/usr/bin/python3
"""Mutated photos and masks: cut off, overwritten, spliced, with wrong sizes in their headers.

    dbus-run-session -- python3 Tests/Peers/hardening_files.py [--bin .build/release] [--files 100000] [--seed 1] \
        [FILE...]

The files are mutated; where none are given, PNGs that are drawn here. Each pair is a call; fails where a job does not end,
the daemon ends, or does not fill a good photo afterwards.
"""
import argparse
import asyncio
import pathlib
import random
import signal
import struct
import time
import zlib

from dbus_fast import Variant

import hardening
from hardening import Caller, Refused


def mutate(choose, data):
    data = bytearray(data)
    for _ in range(choose.choice([1, 1, 2, 4, 16])):
        kind, place = choose.randrange(6), choose.randrange(max(len(data), 1))
        if kind == 0 and data:
            data[place] = choose.randrange(256)
        elif kind == 1 and data:
            data[place] ^= 1 << choose.randrange(8)
        elif kind == 2:
            del data[place:]
        elif kind == 3:
            data[place:place] = choose.randbytes(choose.randrange(40))
        elif kind == 4:
            del data[place:place + choose.randrange(1, 40)]
        else:
            data[place:place + 4] = choose.choice([b"\xff\xff\xff\xff", b"\0\0\0\0", b"\x7f\xff\xff\xff", b"\0\1\0\0"])
    data = bytes(data)
    return with_checksums(data) if data.startswith(b"\x89PNG") and choose.random() < 0.7 else data


def with_checksums(data):
    """A PNG whose chunks have the right checksums again, so that what is wrong is not found out at once."""
    fixed, place = data[:8], 8
    while place + 12 <= len(data):
        length = struct.unpack(">I", data[place:place + 4])[0]
        chunk = data[place + 4:place + 8 + length]
        fixed += data[place:place + 4] + chunk + struct.pack(">I", zlib.crc32(chunk))
        place += 12 + length
    return fixed


async def caller_loop(options, choose, photos, hole, left, answers):
    caller = await Caller().open()
    while left[0] > 0:
        left[0] -= 1
        image, mask = choose.choice(photos), hole
        which = choose.random()
        if which < 0.8:
            image = mutate(choose, image)
        if which > 0.7:
            mask = mutate(choose, mask)
        try:
            path = await caller.inpaint(image, mask, seed=Variant("t", 1), steps=Variant("u", 1))
            end = await asyncio.wait_for(caller.end(path), 300)
            del caller.ends[path]
        except Refused as error:
            end = error.name
        name = end.rsplit(".", 1)[-1] or "filled"
        answers[name] = answers.get(name, 0) + 1
        done = sum(answers.values())
        if done % 5000 == 0:
            print(f"{done} files: {answers}", flush=True)
    caller.close()


async def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bin", default=".build/release")
    parser.add_argument("--files", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("samples", nargs="*", type=pathlib.Path)
    options = parser.parse_args()
    choose = random.Random(options.seed)
    photos = [path.read_bytes() for path in options.samples] or [hardening.photo(24, 24)]
    daemon, caller = await hardening.start(options.bin)
    before, descriptors, began = daemon.resident(), daemon.descriptors(), time.monotonic()
    answers, left = {}, [options.files]
    # Ctrl-C ends it early, with a report.
    asyncio.get_running_loop().add_signal_handler(signal.SIGINT, left.__setitem__, 0, 0)
    await asyncio.gather(*(
        caller_loop(options, choose, photos, hardening.mask(24, 24), left, answers) for _ in range(3)))
    await hardening.check_good_call(daemon, caller)
    growth = 100 * (daemon.resident() - before) / before
    print(f"{sum(answers.values())} files in {time.monotonic() - began:.0f} s, same process {daemon.pid}, resident set "
          f"{growth:+.1f} %, descriptors {daemon.descriptors() - descriptors:+d}")
    print("ends: " + ", ".join(f"{count} {name}" for name, count in sorted(answers.items())))
    daemon.stop()

asyncio.run(main())
