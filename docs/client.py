#!/usr/bin/python3
"""Fills what is white in MASK: client.py PHOTO MASK OUT. Needs python3-dbus-fast."""
import asyncio
import os
import sys
from dbus_fast import Variant
from dbus_fast.aio import MessageBus

NAME, ROOT = "org.refinecontrol.Refine1", "/org/refinecontrol/Refine1"


async def main(photo, mask, out):
    bus = await MessageBus(negotiate_unix_fd=True).connect()  # photos travel as open files

    async def proxy(path, interface):
        return bus.get_proxy_object(NAME, path, await bus.introspect(NAME, path)).get_interface(interface)

    manager = await proxy(ROOT, NAME + ".Manager")
    with open(photo, "rb") as image, open(mask, "rb") as hole:
        path = await manager.call_inpaint(image.fileno(), hole.fileno(), {"seed": Variant("t", 1)})
    job = await proxy(path, NAME + ".Job")
    done = asyncio.Event()
    job.on_completed(lambda success, error: done.set())
    if await job.get_stage() != "done":  # it may have ended before we listened
        await done.wait()
    images, info = await job.call_get_result({})  # raises the error that ended the job
    with os.fdopen(images[0], "rb") as result, open(out, "wb") as file:
        file.write(result.read())

asyncio.run(main(*sys.argv[1:]))
