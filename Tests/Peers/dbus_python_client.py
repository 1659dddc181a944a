"""Calls every method and reads every property of Manager and Job with python3-dbus, the bindings that most Linux
programs in Python use. BusTests runs it against the daemon with its test codec, which reads PPM and PGM.
"""
import ctypes
import os
import sys
import time
import xml.etree.ElementTree

import dbus
import dbus.mainloop.glib

NAME = "org.refinecontrol.Refine1"
ROOT = "/org/refinecontrol/Refine1"
ERROR = NAME + ".Error."

dbus.mainloop.glib.DBusGMainLoop(set_as_default=True)
bus = dbus.SessionBus()
# The main loop of libglib itself, so that nothing but python3-dbus is needed.
iterate = ctypes.CDLL("libglib-2.0.so.0").g_main_context_iteration
done, progress, listed, ended, called = [], [], [], [], set()


def memfd(data):
    fd = os.memfd_create("photo", os.MFD_ALLOW_SEALING)
    os.write(fd, data)
    return dbus.types.UnixFd(fd)


def options(**values):
    return dbus.Dictionary(values, signature="sv")


def call(path, interface, member, *arguments):
    called.add((interface, member))
    return bus.get_object(NAME, path, introspect=False).get_dbus_method(member, interface)(*arguments)


def refused(name, path, interface, member, *arguments):
    try:
        call(path, interface, member, *arguments)
    except dbus.DBusException as error:
        assert error.get_dbus_name() == name, error
        return error.get_dbus_message()
    sys.exit(f"{member} was not refused")


def wait(condition, what):
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline, f"waited too long for {what}"
        iterate(None, False)
        time.sleep(0.002)


def end(job):
    wait(lambda: any(path == job for path, _, _ in done), "the end of a job")
    return [(success, error) for path, success, error in done if path == job]


def changed(interface, values, invalidated, path=None):
    progress.append(str(values.get("Stage", "")))


bus.add_signal_receiver(
    lambda success, error, path=None: done.append((path, bool(success), str(error))), "Completed", NAME + ".Job", NAME,
    path_keyword="path")
bus.add_signal_receiver(changed, "PropertiesChanged", dbus.PROPERTIES_IFACE, NAME, path_keyword="path")
bus.add_signal_receiver(lambda number, job: listed.append((int(number), job)), "JobChanged", NAME + ".Manager", NAME)
bus.add_signal_receiver(
    lambda number, success, error: ended.append(int(number)), "JobEnded", NAME + ".Manager", NAME)

PHOTO = b"P6\n8 4\n255\n" + bytes([10]) * 96
MASK = b"P5\n8 4\n255\n" + bytes([255] * 6 + [0] * 26)

# Wrong calls are refused by name and lose nothing.
message = refused(
    ERROR + "InvalidArgument", ROOT, NAME + ".Manager", "Inpaint", memfd(PHOTO), memfd(MASK), options(colour="red"))
assert message.startswith("colour.unknown-option: "), message
message = refused(
    ERROR + "InvalidArgument", ROOT, NAME + ".Manager", "Inpaint", memfd(PHOTO), memfd(MASK), options(steps="2"))
assert message.startswith("steps.wrong-type: "), message
refused("org.freedesktop.DBus.Error.InvalidArgs", ROOT, NAME + ".Manager", "Inpaint", "/etc/passwd")
refused("org.freedesktop.DBus.Error.UnknownMethod", ROOT, NAME + ".Manager", "NoSuchMethod")
refused(
    "org.freedesktop.DBus.Error.PropertyReadOnly", ROOT, dbus.PROPERTIES_IFACE, "Set", NAME + ".Manager", "Version",
    dbus.String("9", variant_level=1))
refused(ERROR + "NotFound", ROOT + "/jobs/j0", NAME + ".Job", "Cancel", options())

# A fill of files.
job = call(
    ROOT, NAME + ".Manager", "Inpaint", memfd(PHOTO), memfd(MASK), options(steps=dbus.UInt32(2), seed=dbus.UInt64(7)))
assert end(job) == [(True, "")], done
assert "denoise" in progress and progress[-1] == "done", progress
images, info = call(job, NAME + ".Job", "GetResult", options())
with os.fdopen(images[0].take(), "rb") as file:
    data = file.read()
assert data == b"P6\n8 4\n255\n" + bytes([128]) * 18 + bytes([10]) * 78, data
assert int(info["seed"]) == 7 and int(info["steps"]) == 2, info
wait(lambda: ended and ended[-1] == listed[-1][0], "JobEnded")

# A fill of pixels.
layout = dbus.Struct((dbus.UInt32(8), dbus.UInt32(4), dbus.UInt32(24), "RGB8"), signature="uuus")
gray = dbus.Struct((dbus.UInt32(8), dbus.UInt32(4), dbus.UInt32(8), "GRAY8"), signature="uuus")
job = call(
    ROOT, NAME + ".Manager", "InpaintPixels", memfd(PHOTO[11:]), layout, memfd(MASK[11:]), gray, options())
assert end(job) == [(True, "")], done
images, info = call(job, NAME + ".Job", "GetResult", options())
with os.fdopen(images[0].take(), "rb") as file:
    assert file.read() == bytes([128]) * 18 + bytes([10]) * 78

# Jobs can be seen and ended. They are quick here, so that ending one may come too late.
objects = call(ROOT, "org.freedesktop.DBus.ObjectManager", "GetManagedObjects")
assert job in objects and objects[job][NAME + ".Job"]["Stage"] == "done", objects
first = call(ROOT, NAME + ".Manager", "Inpaint", memfd(PHOTO), memfd(MASK), options())
call(first, NAME + ".Job", "Cancel", options())
jobs = call(ROOT, NAME + ".Manager", "ListJobs", options())
assert call(ROOT, NAME + ".Manager", "Reload", options()) == ([], []), "a test's daemon has no settings to read again"
assert all("Number" in job and "Stage" in job for job in jobs), jobs
try:
    call(ROOT, NAME + ".Manager", "CancelJob", dbus.UInt32(listed[-1][0]), options())
except dbus.DBusException as error:
    assert error.get_dbus_name() == ERROR + "NotFound", error
assert end(first)[0][1] in ("", ERROR + "Cancelled"), done

# Every property, one by one and together; every method that introspection shows was called.
for path, interface in ((ROOT, NAME + ".Manager"), (first, NAME + ".Job")):
    node = xml.etree.ElementTree.fromstring(call(path, dbus.INTROSPECTABLE_IFACE, "Introspect"))
    element = next(each for each in node if each.get("name") == interface)
    together = call(path, dbus.PROPERTIES_IFACE, "GetAll", interface)
    names = {each.get("name") for each in element.findall("property")}
    assert set(together) == names, (set(together), names)
    for name in names:
        call(path, dbus.PROPERTIES_IFACE, "Get", interface, name)
    missed = {each.get("name") for each in element.findall("method")} - {m for i, m in called if i == interface}
    assert not missed, f"never called: {missed}"
call(ROOT, "org.freedesktop.DBus.Peer", "Ping")
assert len(call(ROOT, "org.freedesktop.DBus.Peer", "GetMachineId")) == 32
print("filled")
