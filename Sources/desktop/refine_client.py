"""Fills holes in photos with refined, over D-Bus, from a desktop program. Needs python3-gi.

    from refine_client import fill_file, fill_pixels, RefineError

Both functions wait for the end of the job, so call them in a thread of their own where a window is to stay alive. Each call
has a connection of its own: when it closes, for whatever reason, refined ends the job.
"""
import os

from gi.repository import Gio, GLib

NAME, ROOT = "org.refinecontrol.Refine1", "/org/refinecontrol/Refine1"


class RefineError(Exception):
    """What went wrong and what to do about it. `code` is the last part of the D-Bus error's name."""

    def __init__(self, code, text):
        super().__init__(text)
        self.code = code


def fill_file(photo, mask, seed=None, progress=None, cancelled=None, prompt="", info=None):
    """Fills what is white in a mask.

    photo: a binary file object of an image file in any format that refined knows.
    mask: the bytes of an image file as large as the upright photo.
    seed: same photo, mask and seed, same result.
    progress: called with the part that is done, 0 to 1.
    cancelled: asked ten times a second whether to stop.
    prompt: what to fill in; empty for what fits.
    info: a dictionary that gets what GetResult tells about the result.
    Returns the bytes of an image file in the format of the photo. Raises RefineError.
    """
    hole = _memory(mask)
    try:
        return _run(
            "Inpaint", "(hha{sv})", [photo.fileno(), hole], lambda fds, o: (*fds, o), _options(seed, prompt), progress,
            cancelled, info)
    finally:
        os.close(hole)


def fill_pixels(pixels, width, height, mask, seed=None, progress=None, cancelled=None):
    """Fills raw pixels.

    pixels: width * height * 4 bytes, RGBA, rows from top to bottom, alpha not premultiplied.
    mask: width * height bytes, from 128 on filled.
    Returns the pixels in the same layout; what lies outside of the fill is unchanged. Raises RefineError.
    """
    if len(pixels) != width * height * 4 or len(mask) != width * height:
        raise ValueError(f"{len(pixels)} bytes of pixels and {len(mask)} of mask for {width}x{height}")
    files = [_memory(pixels)]
    try:
        files.append(_memory(mask))
        layouts = (width, height, width * 4, "RGBA8"), (width, height, width, "GRAY8")
        return _run(
            "InpaintPixels", "(h(uuus)h(uuus)a{sv})", files,
            lambda fds, o: (fds[0], layouts[0], fds[1], layouts[1], o), _options(seed), progress, cancelled)
    finally:
        for file in files:
            os.close(file)


def _memory(data):
    """A file in memory, which refined seals."""
    file = os.memfd_create("refine-client", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
    view = memoryview(data)
    while view:
        view = view[os.write(file, view):]
    return file


def _options(seed, prompt=""):
    options = {} if seed is None else {"seed": GLib.Variant("t", seed)}
    if prompt:
        options["prompt"] = GLib.Variant("s", prompt)
    return options


def _run(method, signature, files, arguments, options, progress, cancelled, info=None):
    context = GLib.MainContext.new()
    context.push_thread_default()
    bus = None
    try:
        bus = Gio.DBusConnection.new_for_address_sync(
            Gio.dbus_address_get_for_bus_sync(Gio.BusType.SESSION, None),
            Gio.DBusConnectionFlags.AUTHENTICATION_CLIENT | Gio.DBusConnectionFlags.MESSAGE_BUS_CONNECTION, None, None)
        return _Job(bus, context, progress, cancelled).run(method, signature, files, arguments, options, info)
    except GLib.Error as error:
        raise _translated(error) from None
    finally:
        if bus is not None:
            bus.close_sync(None)
        context.pop_thread_default()


class _Job:
    """One job on one connection, followed in one thread's context."""

    def __init__(self, bus, context, progress, cancelled):
        self.bus, self.context = bus, context
        self.progress, self.cancelled = progress, cancelled
        self.path = None
        self.completed = set()
        # refined sends these to the owner of the job only, so all that comes is ours.
        bus.signal_subscribe(NAME, f"{NAME}.Job", "Completed", None, None, Gio.DBusSignalFlags.NONE, self._on_completed)
        bus.signal_subscribe(
            NAME, "org.freedesktop.DBus.Properties", "PropertiesChanged", None, f"{NAME}.Job",
            Gio.DBusSignalFlags.NONE, self._on_changed)
        bus.connect("closed", self._on_closed)
        self.is_open = True

    def _on_completed(self, _bus, _sender, path, *_rest):
        self.completed.add(path)

    def _on_changed(self, _bus, _sender, _path, _interface, _member, parameters):
        value = parameters.unpack()[1].get("Progress")
        if value is not None and self.progress:
            self.progress(value)

    def _on_closed(self, *_rest):
        self.is_open = False

    def _call(self, path, interface, method, parameters, reply, files=None):
        return self.bus.call_with_unix_fd_list_sync(
            NAME, path, f"{NAME}.{interface}", method, parameters, GLib.VariantType(reply), Gio.DBusCallFlags.NONE,
            120_000, files, None)

    def run(self, method, signature, files, arguments, options, info):
        handles = Gio.UnixFDList()
        numbers = [handles.append(file) for file in files]
        reply, _ = self._call(
            ROOT, "Manager", method, GLib.Variant(signature, arguments(numbers, options)), "(o)", handles)
        self.path = reply.unpack()[0]
        self._wait()
        reply, files = self._call(self.path, "Job", "GetResult", GLib.Variant("(a{sv})", ({},)), "(aha{sv})")
        images, told = reply.unpack()
        if info is not None:
            info.update(told)
        with os.fdopen(files.get(images[0]), "rb") as result:
            return result.read()

    def _wait(self):
        tick = GLib.timeout_source_new(100)
        tick.set_callback(lambda *_: True)
        tick.attach(self.context)
        try:
            while self.path not in self.completed:
                if not self.is_open:
                    raise RefineError("Failed", "The session bus went away.")
                if self.cancelled and self.cancelled():
                    raise RefineError("Cancelled", "Cancelled.")
                self.context.iteration(True)
        finally:
            tick.destroy()


def _translated(error):
    """`mask.size: the mask is 10x10...; make the mask...` becomes two sentences for people."""
    name = Gio.DBusError.get_remote_error(error) or ""
    # What Gio.DBusError.strip_remote_error does, which from Python reaches a copy only.
    message = error.message.removeprefix(f"GDBus.Error:{name}: ")
    if not name.startswith(f"{NAME}.Error."):
        hint = "Is Refine-Control installed? In a terminal, refinectl doctor tells more."
        return RefineError("Unavailable", f"refined cannot be reached: {message}\n{hint}")
    text = message.split(": ", 1)[-1]
    detail, _, remedy = text.partition("; ")
    sentences = [part[:1].upper() + part[1:] + "." for part in (detail, remedy) if part]
    return RefineError(name.rsplit(".", 1)[-1], "\n".join(sentences))
