"""What the hardening scripts share: a daemon under test, a caller, small pictures. Needs python3-dbus-fast."""
import asyncio
import os
import pathlib
import random
import struct
import subprocess
import time
import zlib

from dbus_fast import Message, MessageFlag, MessageType, Variant
from dbus_fast.aio import MessageBus

NAME = "org.refinecontrol.Refine1"
ROOT = "/org/refinecontrol/Refine1"


def png(width, height, pixel, bands=3):
    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
    rows = b"".join(b"\0" + b"".join(bytes(pixel(x, y)) for x in range(width)) for y in range(height))
    header = struct.pack(">IIBBBBB", width, height, 8, 2 if bands == 3 else 0, 0, 0, 0)
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows, 1)) +
            chunk(b"IEND", b""))


def photo(width, height):
    return png(width, height, lambda x, y: ((x * 5 + y) % 256, (x ^ y) % 256, y % 256))


def mask(width, height):
    box = (width // 4, height // 4, width // 2, height // 2)
    return png(
        width, height, lambda x, y: (255 if box[0] <= x < box[2] and box[1] <= y < box[3] else 0,), 1)


def memfd(data, name="hardening"):
    fd = os.memfd_create(name, os.MFD_ALLOW_SEALING)
    view = memoryview(data)
    while view:
        view = view[os.write(fd, view):]
    return fd


class Daemon:
    """refined on the bus of the session, which should be a private one (dbus-run-session)."""

    def __init__(self, folder, log=None):
        self.log = open(log, "ab") if log else subprocess.DEVNULL
        environment = dict(os.environ, OMP_WAIT_POLICY="passive")
        self.process = subprocess.Popen([pathlib.Path(folder) / "refined"], stderr=self.log, env=environment)

    @property
    def pid(self):
        return self.process.pid

    def is_alive(self):
        return self.process.poll() is None

    def resident(self):
        """Resident set in kB."""
        for line in open(f"/proc/{self.pid}/status"):
            if line.startswith("VmRSS"):
                return int(line.split()[1])
        return 0

    def descriptors(self):
        return len(os.listdir(f"/proc/{self.pid}/fd"))

    def workers(self):
        """Processes of refine-worker that this daemon started."""
        found = []
        for child in pathlib.Path(f"/proc/{self.pid}/task").glob("*/children"):
            try:
                found += [int(each) for each in child.read_text().split()]
            except OSError:
                pass
        return found

    def stop(self):
        self.process.terminate()
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise SystemExit("refined did not stop")


class Refused(Exception):
    """An error reply."""

    def __init__(self, name, text):
        super().__init__(f"{name}: {text}")
        self.name = name


class Caller:
    """One connection to the bus."""

    async def open(self):
        self.bus = await MessageBus(negotiate_unix_fd=True).connect()
        self.ends = {}
        self.bus.add_message_handler(self.hear)
        return self

    def hear(self, message):
        if message.message_type == MessageType.SIGNAL and message.member == "Completed":
            self.end(message.path).set_result(message.body[1])

    def end(self, path):
        """The error name that ends a job; empty for success."""
        if path not in self.ends:
            self.ends[path] = asyncio.get_running_loop().create_future()
        return self.ends[path]

    async def call(self, path, interface, member, signature="", body=(), fds=(), timeout=60):
        reply = await asyncio.wait_for(
            self.bus.call(Message(
                destination=NAME, path=path, interface=interface, member=member, signature=signature,
                body=list(body), unix_fds=list(fds))), timeout)
        if reply.message_type == MessageType.ERROR:
            for fd in reply.unix_fds:
                os.close(fd)
            raise Refused(reply.error_name, reply.body[0] if reply.body else "")
        return reply

    async def inpaint(self, image, hole, **options):
        """Starts a job on the bytes of two files."""
        fds = [memfd(image), memfd(hole)]
        try:
            reply = await self.call(ROOT, NAME + ".Manager", "Inpaint", "hha{sv}", [0, 1, options], fds)
        finally:
            for fd in fds:
                os.close(fd)
        return reply.body[0]

    async def inpaint_pixels(self, width, height, pixels, hole, **options):
        fds = [memfd(pixels), memfd(hole)]
        try:
            reply = await self.call(
                ROOT, NAME + ".Manager", "InpaintPixels", "h(uuus)h(uuus)a{sv}",
                [0, [width, height, 3 * width, "RGB8"], 1, [width, height, width, "GRAY8"], options], fds)
        finally:
            for fd in fds:
                os.close(fd)
        return reply.body[0]

    async def result(self, path):
        """The bytes of the first image, and the info."""
        reply = await self.call(path, NAME + ".Job", "GetResult", "a{sv}", [{}])
        first = reply.unix_fds[reply.body[0][0]]
        data = os.pread(first, os.fstat(first).st_size, 0)
        for fd in reply.unix_fds:
            os.close(fd)
        return data, {key: value.value for key, value in reply.body[1].items()}

    async def cancel(self, path):
        await self.call(path, NAME + ".Job", "Cancel", "a{sv}", [{}])

    async def queue_length(self):
        reply = await self.call(
            ROOT, "org.freedesktop.DBus.Properties", "Get", "ss", [NAME + ".Manager", "QueueLength"])
        return reply.body[0].value

    def close(self):
        self.bus.disconnect()

    async def wait_for_daemon(self, limit=60):
        deadline = time.monotonic() + limit
        while True:
            reply = await self.bus.call(Message(
                destination="org.freedesktop.DBus", path="/org/freedesktop/DBus", interface="org.freedesktop.DBus",
                member="NameHasOwner", signature="s", body=[NAME]))
            if reply.body[0]:
                return
            assert time.monotonic() < deadline, "refined did not come up"
            await asyncio.sleep(0.01)

    async def wait_until_idle(self, limit=300):
        deadline = time.monotonic() + limit
        while await self.queue_length() > 0:
            assert time.monotonic() < deadline, "jobs are stuck"
            await asyncio.sleep(0.05)


async def start(folder, log=None):
    """A daemon that has its model, and a caller."""
    daemon = Daemon(folder, log)
    caller = await Caller().open()
    await caller.wait_for_daemon()
    path = await caller.inpaint(photo(32, 32), mask(32, 32))
    assert await asyncio.wait_for(caller.end(path), 120) == "", "a good call failed"
    return daemon, caller


async def check_good_call(daemon, caller):
    """The daemon is the same process and still fills."""
    assert daemon.is_alive(), f"refined ended with {daemon.process.returncode}"
    await caller.wait_until_idle()
    path = await caller.inpaint(photo(48, 48), mask(48, 48), seed=Variant("t", 1))
    end = await asyncio.wait_for(caller.end(path), 120)
    assert end == "", end
    await caller.result(path)
