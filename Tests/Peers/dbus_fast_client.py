"""Calls every method and reads every property of Manager and Job with dbus-fast, through the proxies that it makes of
the introspection data, as a program on asyncio would. BusTests runs it against the daemon with its test codec, which reads
PPM and PGM.
"""
import asyncio
import os

from dbus_fast import Variant
from dbus_fast.aio import MessageBus
from dbus_fast.errors import DBusError

NAME = "org.refinecontrol.Refine1"
ROOT = "/org/refinecontrol/Refine1"
PHOTO = b"P6\n8 4\n255\n" + bytes([10]) * 96
MASK = b"P5\n8 4\n255\n" + bytes([255] * 6 + [0] * 26)


def memfd(data):
    fd = os.memfd_create("photo", os.MFD_ALLOW_SEALING)
    os.write(fd, data)
    return fd


def content(fd):
    with os.fdopen(fd, "rb") as file:
        return file.read()


async def refused(name, call):
    try:
        await call
    except DBusError as error:
        assert error.type == name, error.type
        return error.text
    raise AssertionError("not refused")


async def main():
    bus = await MessageBus(negotiate_unix_fd=True).connect()
    called = set()

    async def proxy(path, interface):
        node = await bus.introspect(NAME, path)
        found = bus.get_proxy_object(NAME, path, node).get_interface(interface)
        return found, next(each for each in node.interfaces if each.name == interface)

    def call(target, member, *arguments):
        called.add(member)
        snake = "".join("_" + c.lower() if c.isupper() else c for c in member).lstrip("_")
        return getattr(target, "call_" + snake)(*arguments)

    manager, described = await proxy(ROOT, NAME + ".Manager")
    objects, _ = await proxy(ROOT, "org.freedesktop.DBus.ObjectManager")
    added = asyncio.Queue()
    objects.on_interfaces_added(lambda path, interfaces: added.put_nowait(path))
    changes = []
    manager.on_job_changed(lambda number, job: changes.append((number, job["Stage"].value)))

    async def finish(path):
        job, description = await proxy(path, NAME + ".Job")
        done = asyncio.Event()
        job.on_completed(lambda success, error: done.set())
        if await job.get_stage() != "done":
            await asyncio.wait_for(done.wait(), 60)
        return job, description

    text = await refused(
        NAME + ".Error.InvalidArgument",
        call(manager, "Inpaint", memfd(PHOTO), memfd(MASK), {"seed": Variant("u", 1)}))
    assert text.startswith("seed.wrong-type: "), text
    text = await refused(
        NAME + ".Error.InvalidArgument",
        call(manager, "InpaintPixels", memfd(PHOTO[11:]), [8, 4, 23, "RGB8"], memfd(MASK[11:]), [8, 4, 8, "GRAY8"], {}))
    assert text.startswith("layout.stride-too-short: "), text

    token = "a_token"
    path = await call(
        manager, "Inpaint", memfd(PHOTO), memfd(MASK), {"seed": Variant("t", 7), "handle_token": Variant("s", token)})
    assert path == f"{ROOT}/jobs/{bus.unique_name[1:].replace('.', '_')}/{token}", path
    assert await asyncio.wait_for(added.get(), 60) == path
    job, job_described = await finish(path)
    images, info = await call(job, "GetResult", {})
    assert content(images[0]) == b"P6\n8 4\n255\n" + bytes([128]) * 18 + bytes([10]) * 78
    assert info["seed"].value == 7 and info["seeds"].value == [7], info

    path = await call(
        manager, "InpaintPixels", memfd(PHOTO[11:]), [8, 4, 24, "RGB8"], memfd(MASK[11:]), [8, 4, 8, "GRAY8"], {})
    job, _ = await finish(path)
    images, info = await call(job, "GetResult", {})
    assert content(images[0]) == bytes([128]) * 18 + bytes([10]) * 78 and info["format"].value == "RGB8"
    await call(job, "Cancel", {})
    assert path in await call(objects, "GetManagedObjects")
    assert all("Stage" in job for job in await call(manager, "ListJobs", {}))
    assert await call(manager, "Reload", {}) == [[], []]
    await refused(NAME + ".Error.NotFound", call(manager, "CancelJob", changes[-1][0], {}))
    assert changes[-1][1] == "done", changes

    for target, description in ((manager, described), (job, job_described)):
        for item in description.properties:
            snake = "".join("_" + c.lower() if c.isupper() else c for c in item.name).lstrip("_")
            await getattr(target, "get_" + snake)()
        missed = {method.name for method in description.methods} - called
        assert not missed, f"never called: {missed}"
    print("filled")


asyncio.run(main())
