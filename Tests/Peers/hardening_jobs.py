#!/usr/bin/python3
"""Mixed jobs: files and pixels of many sizes, cancelled at random moments, callers that leave or are killed.

    dbus-run-session -- python3 Tests/Peers/hardening_jobs.py [--bin .build/release] [--jobs 2000] [--seed 1]

Fails where a job gets stuck, descriptors leak, or the resident set after the last job is more than 3 % above that after
job 100 (in a run of at least 500).
"""
import argparse
import asyncio
import os
import random
import signal
import sys
import time

from dbus_fast import Variant

import hardening
from hardening import Caller, Refused

SIZES = [(16, 16), (33, 47), (64, 64), (150, 110), (256, 256), (400, 300), (512, 512)]


async def one(choose, pictures, counts):
    width, height, image, hole, pixels, marks = pictures[choose.randrange(len(pictures))]
    caller = await Caller().open()
    try:
        if choose.random() < 0.5:
            path = await caller.inpaint(image, hole, seed=Variant("t", choose.randrange(1 << 40)))
        else:
            path = await caller.inpaint_pixels(width, height, pixels, marks, seed=Variant("t", 1))
        fate = choose.random()
        if fate < 0.25:
            await asyncio.sleep(choose.random() * 0.3)
            await caller.cancel(path)
        elif fate < 0.40:
            # The connection breaks off, as when its process is killed.
            await asyncio.sleep(choose.random() * 0.3)
            counts["left"] += 1
            return
        end = await asyncio.wait_for(caller.end(path), 300)
        counts[end.rsplit(".", 1)[-1] or "filled"] += 1
        if end == "" and choose.random() < 0.8:
            data, info = await caller.result(path)
            assert info["width"] == width and len(data) > 0
    except Refused as error:
        counts[error.name.rsplit(".", 1)[-1]] += 1
    finally:
        caller.close()


def killed_caller(folder):
    """A whole process that is killed while its job runs."""
    child = os.fork()
    if child == 0:
        os.execv(sys.executable, [sys.executable, "-c", """
import asyncio, sys
sys.path.insert(0, sys.argv[1])
import hardening
async def main():
    caller = await hardening.Caller().open()
    await caller.inpaint(hardening.photo(300, 300), hardening.mask(300, 300))
    print('started', flush=True)
    await asyncio.sleep(600)
asyncio.run(main())
""", folder])
    return child


async def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bin", default=".build/release")
    parser.add_argument("--jobs", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    choose = random.Random(options.seed)
    pictures = [
        (w, h, hardening.photo(w, h), hardening.mask(w, h), os.urandom(3 * w * h),
         bytes(255 if x < w // 3 else 0 for y in range(h) for x in range(w)))
        for w, h in SIZES]
    daemon, caller = await hardening.start(options.bin)
    counts = {name: 0 for name in ["filled", "Cancelled", "left", "Busy", "Failed", "killed"]}
    began, done, first = time.monotonic(), 0, None

    async def measure(label):
        await caller.wait_until_idle()
        await asyncio.sleep(1)
        state = (daemon.resident(), daemon.descriptors())
        print(f"after {label}: {state[0]} kB resident, {state[1]} descriptors", flush=True)
        return state

    while done < options.jobs:
        batch = min(4, options.jobs - done)
        await asyncio.gather(*(one(choose, pictures, counts) for _ in range(batch)))
        done += batch
        if done % 200 == 0:
            child = killed_caller(os.path.dirname(os.path.abspath(__file__)))
            await asyncio.sleep(choose.random())
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
            counts["killed"] += 1
        assert daemon.is_alive(), "refined ended"
        if done == 100:
            first = await measure("job 100")
        elif done % 500 == 0:
            await measure(f"job {done}")
    last = await measure(f"all {done} jobs")
    await hardening.check_good_call(daemon, caller)
    print(f"{done} jobs in {time.monotonic() - began:.0f} s: " + ", ".join(f"{v} {k}" for k, v in counts.items()))
    if first:
        growth = 100 * (last[0] - first[0]) / first[0]
        print(f"resident set {growth:+.1f} % against job 100, descriptors {last[1] - first[1]:+d}")
        # Idle, a daemon may hold a spare worker and its socket.
        assert last[1] <= first[1] + 4, "descriptors leak"
        assert done < 500 or growth <= 3, "memory grows"
    daemon.stop()

asyncio.run(main())
