#!/usr/bin/python3
"""Malformed messages: random members, signatures, values, flags and descriptors through the bus, and bytes that are no
messages at the bus itself.

    dbus-run-session -- python3 Tests/Peers/hardening_messages.py [--bin .build/release] [--messages 100000] [--seed 1]

Fails where the daemon ends, grows by more than 20 %, or does not fill a photo afterwards.
"""
import argparse
import asyncio
import os
import random
import socket
import time

from dbus_fast import Message, MessageFlag, MessageType, Variant

import hardening
from hardening import NAME, ROOT, Caller

INTERFACES = [NAME + ".Manager", NAME + ".Job", "org.freedesktop.DBus.Properties", "org.freedesktop.DBus.Peer",
              "org.freedesktop.DBus.Introspectable", "org.freedesktop.DBus.ObjectManager", "a.b", ""]
MEMBERS = ["Inpaint", "InpaintPixels", "ListJobs", "CancelJob", "Cancel", "GetResult", "Get", "Set", "GetAll",
           "Introspect", "Ping", "GetManagedObjects", "NoSuchThing", "X" * 255]
PATHS = [ROOT, ROOT + "/jobs", ROOT + "/jobs/j0", ROOT + "/jobs/1_1/x", "/", "/org", ROOT + "/" + "a" * 500]
KEYS = ["steps", "seed", "prompt", "guidance", "variants", "feather", "dilate", "box", "compare", "handle_token",
        "detach", "colour", "", "%s", "x" * 1000]


class Generator:
    def __init__(self, seed):
        self.choose = random.Random(seed)

    def value(self, signature):
        """A random value of a complete type that this script uses."""
        choose = self.choose
        if signature in "ynqiuxt":
            bits = {"y": 8, "n": 16, "q": 16, "i": 32, "u": 32, "x": 64, "t": 64}[signature]
            low, high = (0, 2 ** bits - 1) if signature in "yqut" else (-2 ** (bits - 1), 2 ** (bits - 1) - 1)
            return choose.choice([low, high, 0, 1, 2, choose.randint(low, high)])
        if signature == "d":
            return choose.choice([0.0, -1.0, 1e308, float("nan"), float("inf"), choose.random()])
        if signature == "b":
            return choose.random() < 0.5
        if signature == "s":
            return choose.choice(["", "RGB8", "GRAY8", "x" * choose.randrange(3000), "\t\x01\x7f", NAME + ".Manager",
                                  "Privacy", "Version", "Stage", "%s%n", "../../etc/passwd"])
        if signature == "o":
            return choose.choice(PATHS[:6])
        if signature == "h":
            return 0
        if signature == "v":
            inner = choose.choice(["u", "t", "s", "d", "b", "i", "as", "a(iiii)", "a{sv}", "ay", "(uuus)"])
            return Variant(inner, self.value(inner))
        if signature == "ay":
            return choose.randbytes(choose.randrange(200))
        if signature.startswith("a{s"):
            return {choose.choice(KEYS): self.value(signature[3:-1]) for _ in range(choose.randrange(4))}
        if signature.startswith("a"):
            return [self.value(signature[1:]) for _ in range(choose.choice([0, 1, 3, 70]))]
        if signature.startswith("("):
            return [self.value(each) for each in signature[1:-1]]
        raise AssertionError(signature)

    def message(self, number):
        choose = self.choose
        types = choose.choice([
            [], ["s"], ["s", "s"], ["s", "s", "v"], ["a{sv}"], ["h", "h", "a{sv}"], ["h", "(uuus)", "h", "(uuus)", "a{sv}"],
            ["u", "a{sv}"], ["o"], ["ay"], ["as"], ["a{ss}"], ["d", "x"], ["v"], ["h"], ["a(iiii)"]])
        descriptors = [choose.choice(self.descriptors)] if "h" in types else []
        return Message(
            destination=NAME, path=choose.choice(PATHS), interface=choose.choice(INTERFACES) or None,
            member=choose.choice(MEMBERS), signature="".join(types), body=[self.value(each) for each in types],
            unix_fds=descriptors, flags=choose.choice([MessageFlag.NONE, MessageFlag.NO_REPLY_EXPECTED]),
            serial=number % 0xFFFFFF + 1)

    def open_descriptors(self):
        read, _ = os.pipe()
        left, _ = socket.socketpair()
        self.descriptors = [
            read, left.detach(), os.open("/dev/zero", os.O_RDONLY), os.open("/", os.O_RDONLY), hardening.memfd(b""),
            hardening.memfd(b"P6\n1 1\n255\nabc"), hardening.memfd(os.urandom(4096)),
            os.open("/proc/self/exe", os.O_RDONLY)]


def throw_bytes(generator, count):
    """Mutated messages as bytes at the bus, which breaks such connections off. None may reach the daemon broken."""
    address = os.environ["DBUS_SESSION_BUS_ADDRESS"].split("unix:")[1]
    fields = dict(part.split("=", 1) for part in address.split(",") if "=" in part)
    target = fields.get("path") or "\0" + fields["abstract"]
    connections = 0
    sent = 0
    while sent < count:
        with socket.socket(socket.AF_UNIX) as end:
            end.connect(target)
            end.sendall(b"\0AUTH EXTERNAL " + str(os.getuid()).encode().hex().encode() + b"\r\nBEGIN\r\n")
            connections += 1
            try:
                end.sendall(Message(
                    destination="org.freedesktop.DBus", path="/", interface="org.freedesktop.DBus", member="Hello",
                    serial=1)._marshall(False))
                for _ in range(20):
                    message = generator.message(sent)
                    message.unix_fds = []
                    data = bytearray(message._marshall(False))
                    for _ in range(generator.choose.randrange(1, 6)):
                        data[generator.choose.randrange(len(data))] = generator.choose.randrange(256)
                    sent += 1
                    end.sendall(data)
            except OSError:
                pass
    return connections


async def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bin", default=".build/release")
    parser.add_argument("--messages", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    generator = Generator(options.seed)
    generator.open_descriptors()
    daemon, caller = await hardening.start(options.bin)
    before = daemon.resident()
    began, answers = time.monotonic(), {}
    through, number = options.messages * 4 // 5, 0
    while number < through:
        sender = await Caller().open()
        waiting = []
        # Below the most replies that a bus lets one connection wait for.
        for _ in range(min(500, through - number)):
            number += 1
            message = generator.message(number)
            message.serial = sender.bus.next_serial()
            if message.flags & MessageFlag.NO_REPLY_EXPECTED:
                await sender.bus.send(message)
            else:
                waiting.append(asyncio.ensure_future(sender.bus.call(message)))
            if len(waiting) >= 50:
                for reply in await asyncio.wait_for(asyncio.gather(*waiting), 120):
                    name = reply.error_name.rsplit(".", 1)[-1] if reply.error_name else "accepted"
                    answers[name] = answers.get(name, 0) + 1
                    for fd in reply.unix_fds:
                        os.close(fd)
                waiting = []
        for reply in await asyncio.wait_for(asyncio.gather(*waiting), 120):
            name = reply.error_name.rsplit(".", 1)[-1] if reply.error_name else "accepted"
            answers[name] = answers.get(name, 0) + 1
            for fd in reply.unix_fds:
                os.close(fd)
        sender.close()
        assert daemon.is_alive(), "refined ended"
    connections = throw_bytes(generator, options.messages - through)
    await hardening.check_good_call(daemon, caller)
    growth = 100 * (daemon.resident() - before) / before
    print(f"{through} messages through the bus, {options.messages - through} as bytes over {connections} connections, "
          f"{time.monotonic() - began:.0f} s, same process {daemon.pid}, resident set {growth:+.1f} %")
    print("answers: " + ", ".join(f"{count} {name}" for name, count in sorted(answers.items())))
    assert growth < 20, "memory grows"
    daemon.stop()

asyncio.run(main())
