#!/usr/bin/python3
"""Calls a test daemon, which fills PPM photos with grey, by the client of the desktop programs. Prints "filled"."""
import os
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)), "../../Sources/desktop"))
from refine_client import RefineError, fill_file, fill_pixels  # noqa: E402

PHOTO = b"P6\n8 4\n255\n" + bytes([10]) * 96
MASK = b"P5\n8 4\n255\n" + bytes([255]) * 6 + bytes(26)

with tempfile.TemporaryFile() as file:
    file.write(PHOTO)
    file.flush()
    parts = []
    result = fill_file(file, MASK, seed=1, progress=parts.append, cancelled=lambda: False)
    assert result == b"P6\n8 4\n255\n" + bytes([128]) * 18 + bytes([10]) * 78, result
    assert parts and parts[-1] == 1 and sorted(parts) == parts, parts
    told = {}
    fill_file(file, MASK, prompt="some bricks", info=told)
    assert told["texture"] == "a brick wall" and told["unknown-words"] == [], told
    try:
        fill_file(file, PHOTO)
        raise SystemExit("a mask of another form was taken")
    except RefineError as error:
        assert (error.code, str(error)) == ("InvalidArgument", "The mask has another size.\nMake them equal."), error

pixels = bytes([10, 20, 30, 40]) * 32
filled = fill_pixels(pixels, 8, 4, bytes([255]) * 6 + bytes(26), seed=1)
assert filled == bytes([128, 128, 128, 40]) * 6 + pixels[24:], filled
try:
    fill_pixels(pixels, 8, 4, bytes(32))
    raise SystemExit("an empty mask was taken")
except RefineError as error:
    assert error.code == "InvalidArgument" and "empty" in str(error), error
try:
    fill_pixels(pixels[4:], 8, 4, bytes(32))
    raise SystemExit("too few pixels were taken")
except ValueError:
    pass
print("filled")
