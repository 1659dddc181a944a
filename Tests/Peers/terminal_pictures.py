#!/usr/bin/python3
"""Runs `refinectl inpaint --show` in a terminal of its own making, takes apart what it draws, and compares it with the photo.

    terminal_pictures.py REFINECTL (kitty | sixel | truecolor | 256 | tmux)

Prints "drawn" and ends with 0 where the left picture is the photo and the right one differs from it in the hole only.
"""
import base64
import fcntl
import os
import pty
import re
import select
import struct
import subprocess
import sys
import tempfile
import termios
import zlib

WIDTH, HEIGHT = 48, 30
BOX = (16, 8, 12, 10)
COLUMNS, ROWS, CELL = 120, 40, (6, 12)


def colour(x, y):
    return (40 + 4 * x, 60 + 5 * y, 128 if (x // 8 + y // 8) % 2 else 90)


def write_png(path):
    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    rows = b"".join(b"\0" + bytes(v for x in range(WIDTH) for v in colour(x, y)) for y in range(HEIGHT))
    with open(path, "wb") as file:
        file.write(
            b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", WIDTH, HEIGHT, 8, 2, 0, 0, 0))
            + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b""))


def answer(kind, asked):
    """What a terminal of this kind sends back; asked is what it was sent so far."""
    replies = []
    if b"\x1b_Gi=31" in asked and kind == "kitty":
        replies.append(b"\x1b_Gi=31;OK\x1b\\")
    if b"\x1b[16t" in asked:
        replies.append(b"\x1b[6;%d;%dt" % (CELL[1], CELL[0]))
    if b"\x1b[c" in asked:
        replies.append(b"\x1b[?62;4c" if kind == "sixel" else b"\x1b[?62;22c")
        return b"".join(replies)
    return None


def run_in_terminal(kind, command, environment):
    """Everything the program draws."""
    pid, terminal = pty.fork()
    if pid == 0:
        os.execve(command[0], command, environment)
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, COLUMNS * CELL[0], ROWS * CELL[1]))
    drawn, answered = b"", False
    while True:
        ready, _, _ = select.select([terminal], [], [], 60)
        if not ready:
            raise SystemExit("nothing came for a minute")
        try:
            data = os.read(terminal, 65536)
        except OSError:  # the other side has closed
            break
        if not data:
            break
        drawn += data
        if not answered:
            reply = answer(kind, drawn)
            if reply:
                os.write(terminal, reply)
                answered = True
    _, status = os.waitpid(pid, 0)
    if os.waitstatus_to_exitcode(status) != 0:
        raise SystemExit(f"refinectl ended with {os.waitstatus_to_exitcode(status)}: {drawn.decode(errors='replace')}")
    return drawn


def run_in_tmux(command, environment):
    folder = tempfile.mkdtemp()
    tmux = ["tmux", "-S", f"{folder}/socket", "-f", "/dev/null"]
    line = " ".join(f"'{word}'" for word in command)
    try:
        subprocess.run(
            tmux + ["new-session", "-d", "-x", str(COLUMNS), "-y", str(ROWS), f"{line}; tmux wait-for -S done; cat"],
            env=environment, check=True)
        subprocess.run(tmux + ["wait-for", "done"], env=environment, check=True, timeout=60)
        return subprocess.run(tmux + ["capture-pane", "-p", "-e", "-N"], env=environment, check=True, stdout=subprocess.PIPE).stdout
    finally:
        subprocess.run(tmux + ["kill-server"], env=environment)
        subprocess.run(["rm", "-rf", folder])


def decode_kitty(drawn):
    pieces = re.findall(rb"\x1b_G([^;\x1b]*);([^\x1b]*)\x1b\\", drawn)
    pieces = [(keys, data) for keys, data in pieces if b"a=q" not in keys]
    keys = dict(item.split(b"=") for item in pieces[0][0].split(b","))
    assert keys[b"a"] == b"T" and keys[b"f"] == b"32", keys
    assert all(b"m=1" in k for k, _ in pieces[:-1]) and b"m=0" in pieces[-1][0] and all(len(d) <= 4096 for _, d in pieces)
    width, height = int(keys[b"s"]), int(keys[b"v"])
    raw = base64.b64decode(b"".join(data for _, data in pieces), validate=True)
    assert len(raw) == width * height * 4, (len(raw), width, height)
    pixel = lambda i: tuple(raw[i:i + 3]) if raw[i + 3] else None
    return [[pixel(4 * (y * width + x)) for x in range(width)] for y in range(height)]


def decode_sixel(drawn):
    body = re.search(rb"\x1bP[\d;]*q(.*?)\x1b\\", drawn, re.S).group(1).decode()
    width, height = map(int, re.match(r'"1;1;(\d+);(\d+)', body).groups())
    palette = {
        int(i): tuple(round(int(v) * 2.55) for v in (r, g, b))
        for i, r, g, b in re.findall(r"#(\d+);2;(\d+);(\d+);(\d+)", body)}
    body = re.sub(r"#\d+;2;\d+;\d+;\d+", "", re.sub(r'^"[\d;]*', "", body))
    picture = [[None] * width for _ in range(height)]
    x = top = colour_now = 0
    for number, count, character, control in re.findall(r"#(\d+)|!(\d+)([?-~])|([?-~$-])", body):
        if number:
            colour_now = int(number)
        elif control == "$":
            x = 0
        elif control == "-":
            x, top = 0, top + 6
        else:
            bits = ord(character or control) - 63
            for _ in range(int(count or 1)):
                for row in range(6):
                    if bits >> row & 1:
                        picture[top + row][x] = palette[colour_now]
                x += 1
    return picture


def xterm(index):
    if index >= 232:
        return (8 + 10 * (index - 232),) * 3
    levels = [0, 95, 135, 175, 215, 255]
    return tuple(levels[(index - 16) // step % 6] for step in (36, 6, 1))


def decode_blocks(drawn):
    picture = []
    for line in drawn.decode().replace("\r", "").split("\n"):
        if "\u2580" not in line:
            continue
        upper = lower = None
        rows = [[], []]
        for codes, character in re.findall(r"\x1b\[([\d;:]*)m|([^\x1b])", line):
            if character:
                rows[0].append(upper if character == "\u2580" else None)
                rows[1].append(lower if character == "\u2580" else None)
                continue
            values = [int(v) for v in re.split("[;:]", codes) if v] or [0]
            while values:
                first = values.pop(0)
                if first in (38, 48):
                    if values.pop(0) == 2:
                        value, values = tuple(values[:3]), values[3:]
                    else:
                        value = xterm(values.pop(0))
                    upper, lower = (value, lower) if first == 38 else (upper, value)
                elif first == 49:
                    lower = None
                elif first in (0, 39):
                    upper = lower = None if first == 0 else lower
        picture += rows
    width = max(len(row) for row in picture)
    return [row + [None] * (width - len(row)) for row in picture]


def check(picture, tolerance, gap):
    """Both halves against the photo; tolerance is the mean difference of a sample."""
    def difference(inside, offset):
        values = [
            abs(a - b)
            for y in range(HEIGHT) for x in range(WIDTH)
            if (BOX[0] <= x < BOX[0] + BOX[2] and BOX[1] <= y < BOX[1] + BOX[3]) == inside
            for a, b in zip(picture[y][x + offset] or (-999,) * 3, colour(x, y))]
        return sum(values) / len(values)

    right = WIDTH + gap
    assert len(picture) >= HEIGHT and len(picture[0]) >= right + WIDTH, (len(picture), len(picture[0]))
    for name, value in [
        ("before, outside", difference(False, 0)), ("before, in the hole", difference(True, 0)),
        ("after, outside", difference(False, right))]:
        assert value <= tolerance, f"{name}: the samples differ by {value} and may by {tolerance}"
    hole = [
        abs(a - b)
        for y in range(BOX[1], BOX[1] + BOX[3]) for x in range(BOX[0], BOX[0] + BOX[2])
        for a, b in zip(picture[y][x], picture[y][x + right])]
    assert sum(hole) > len(hole), "the hole is as it was"


def main(refinectl, kind):
    folder = tempfile.mkdtemp()
    try:
        write_png(f"{folder}/photo.png")
        command = [
            refinectl, "inpaint", f"{folder}/photo.png", "--box", ",".join(map(str, BOX)), "--feather", "0", "--seed", "1",
            "-o", f"{folder}/out.png", "--show"]
        environment = {k: v for k, v in os.environ.items() if k not in ("TMUX", "STY", "NO_COLOR", "COLORTERM")}
        environment["TERM"] = "xterm-256color"
        environment["LANG"] = "C.UTF-8"
        if kind in ("truecolor", "tmux"):
            environment["COLORTERM"] = "truecolor"
        drawn = run_in_tmux(command, environment) if kind == "tmux" else run_in_terminal(kind, command, environment)
        decode = {"kitty": decode_kitty, "sixel": decode_sixel}.get(kind, decode_blocks)
        tolerance = {"sixel": 20, "256": 20}.get(kind, 0)
        check(decode(drawn), tolerance, gap=CELL[0] if kind in ("kitty", "sixel") else 1)
        assert b"before" in drawn and b"after" in drawn, "the pictures have no names"
        print("drawn")
    finally:
        subprocess.run(["rm", "-rf", folder])


main(*sys.argv[1:])
