#!/usr/bin/python3
"""kill -9 of refine-worker at random moments.

    dbus-run-session -- python3 Tests/Peers/hardening_kills.py [--bin .build/release] [--kills 200] [--seed 1]

Fails where a job neither ends with an error nor with the bytes of an undisturbed one.
"""
import argparse
import asyncio
import os
import random
import signal
import time

from dbus_fast import Variant

import hardening


async def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bin", default=".build/release")
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    choose = random.Random(options.seed)
    image, hole = hardening.photo(160, 120), hardening.mask(160, 120)
    daemon, caller = await hardening.start(options.bin)

    async def fill():
        path = await caller.inpaint(image, hole, seed=Variant("t", 5))
        end = await asyncio.wait_for(caller.end(path), 120)
        return end.rsplit(".", 1)[-1], (await caller.result(path))[0] if end == "" else None

    began = time.monotonic()
    _, wanted = await fill()
    usual = time.monotonic() - began
    kills, ends = 0, {}
    while kills < options.kills:
        job = asyncio.ensure_future(fill())
        await asyncio.sleep(choose.random() * usual * 1.2)
        for worker in daemon.workers():
            try:
                os.kill(worker, signal.SIGKILL)
                kills += 1
            except ProcessLookupError:
                pass
        end, data = await job
        assert data is None or data == wanted, "a wrong result"
        ends[end or "right result"] = ends.get(end or "right result", 0) + 1
        assert daemon.is_alive(), "refined ended"
    await hardening.check_good_call(daemon, caller)
    print(f"{kills} kills, same process {daemon.pid}: " + ", ".join(f"{count} {name}" for name, count in ends.items()))
    daemon.stop()

asyncio.run(main())
