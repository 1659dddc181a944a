import TestSupport
/// A program that calls `Inpaint` with the bindings that most Linux programs in Python use.
let inpaintClient = #"""
    """Calls Inpaint as another program would, with the bindings that most Linux programs in Python use."""
    import ctypes
    import os
    import sys
    import time

    import dbus
    import dbus.mainloop.glib

    NAME = "org.refinecontrol.Refine1"
    ROOT = "/org/refinecontrol/Refine1"


    def memfd(data):
        fd = os.memfd_create("photo")
        os.write(fd, data)
        return fd


    dbus.mainloop.glib.DBusGMainLoop(set_as_default=True)
    bus = dbus.SessionBus()
    # The main loop of libglib itself, so that nothing but python3-dbus is needed.
    iterate = ctypes.CDLL("libglib-2.0.so.0").g_main_context_iteration
    done, progress = [], []


    def completed(success, error, path=None):
        done.append((path, bool(success), str(error)))


    def changed(interface, values, invalidated, path=None):
        progress.append(str(values.get("Stage", "")))


    bus.add_signal_receiver(completed, "Completed", NAME + ".Job", NAME, path_keyword="path")
    bus.add_signal_receiver(changed, "PropertiesChanged", dbus.PROPERTIES_IFACE, NAME, path_keyword="path")

    manager = dbus.Interface(bus.get_object(NAME, ROOT), NAME + ".Manager")
    photo = memfd(b"P6\n8 4\n255\n" + bytes([10]) * 96)
    mask = memfd(b"P5\n8 4\n255\n" + bytes([255] * 6 + [0] * 26))

    try:
        manager.Inpaint(dbus.types.UnixFd(photo), dbus.types.UnixFd(mask), {"colour": "red"})
        sys.exit("an unknown option was accepted")
    except dbus.DBusException as error:
        assert error.get_dbus_name() == NAME + ".Error.InvalidArgument", error
        assert error.get_dbus_message().startswith("colour.unknown-option: "), error

    job = manager.Inpaint(
        dbus.types.UnixFd(photo), dbus.types.UnixFd(mask), {"steps": dbus.UInt32(2), "seed": dbus.UInt64(7)})
    deadline = time.monotonic() + 20
    while not done and time.monotonic() < deadline:
        iterate(None, False)
        time.sleep(0.002)
    assert done == [(job, True, "")], done
    assert "denoise" in progress and progress[-1] == "done", progress

    images, info = dbus.Interface(bus.get_object(NAME, job), NAME + ".Job").GetResult({})
    with os.fdopen(images[0].take(), "rb") as file:
        data = file.read()
    assert data == b"P6\n8 4\n255\n" + bytes([128]) * 18 + bytes([10]) * 78, data
    assert int(info["seed"]) == 7 and int(info["steps"]) == 2, info
    xml = bus.get_object(NAME, ROOT).Introspect(dbus_interface=dbus.INTROSPECTABLE_IFACE)
    assert "Inpaint" in xml
    print("filled")
    """#
