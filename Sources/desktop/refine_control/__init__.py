"""Krita plug-in: Tools, Scripts, Fill Selection (Refine-Control). Fills what is selected in the active layer with refined.

The fill comes as a layer of its own above, transparent but where it changed something, so nothing is lost.
"""
import threading

from krita import Extension, Krita
from PyQt5.QtCore import QObject, pyqtSignal
from PyQt5.QtWidgets import QMessageBox, QProgressDialog

TITLE = "Refine-Control"


class Work(QObject):
    """A fill in a thread of its own; its signals arrive in Krita's."""

    progress = pyqtSignal(float)
    done = pyqtSignal(object, object)

    def __init__(self, *arguments):
        super().__init__()
        self.stop = threading.Event()
        self.arguments = arguments

    def start(self):
        threading.Thread(target=self._run, daemon=True).start()

    def _run(self):
        try:
            from .refine_client import fill_pixels

            self.done.emit(fill_pixels(*self.arguments, progress=self.progress.emit, cancelled=self.stop.is_set), None)
        except Exception as error:  # whatever it is, the user has to be told and not the terminal
            self.done.emit(None, error)


class RefineControl(Extension):
    def setup(self):
        self.work = None

    def createActions(self, window):
        action = window.createAction("refine_control_fill", "Fill Selection (Refine-Control)", "tools/scripts")
        action.triggered.connect(self.fill)

    def fill(self):
        document = Krita.instance().activeDocument()
        selection = document and document.selection()
        layer = document and document.activeNode()
        problem = (
            "Open a photo first." if not document
            else "Select what should go first." if not selection
            else "A fill is under way already." if self.work
            else "The layer must be in RGB/Alpha with 8 bits: see Image, Convert Image Color Space."
            if (layer.colorModel(), layer.colorDepth()) != ("RGBA", "U8")
            else None)
        if problem:
            self.tell(problem)
            return
        self.begin(document, layer, selection)

    def begin(self, document, layer, selection):
        # The surroundings are what the fill is made from; more of them changes nothing.
        margin = max(192, selection.width(), selection.height())
        left, top = max(0, selection.x() - margin), max(0, selection.y() - margin)
        width = min(document.width(), selection.x() + selection.width() + margin) - left
        height = min(document.height(), selection.y() + selection.height() + margin) - top
        before = rgba(bytes(layer.pixelData(left, top, width, height)))
        mask = bytes(selection.pixelData(left, top, width, height))
        self.work = Work(before, width, height, mask)
        self.dialog = QProgressDialog("Filling the selection…", "Stop", 0, 100, Krita.instance().activeWindow().qwindow())
        self.dialog.setWindowTitle(TITLE)
        self.dialog.canceled.connect(self.work.stop.set)
        self.work.progress.connect(lambda part: self.dialog.setValue(min(99, int(part * 100))))
        self.work.done.connect(lambda after, error: self.finish(document, layer, (left, top, width, height), before, after, error))
        self.work.start()

    def finish(self, document, layer, place, before, after, error):
        self.work = None
        self.dialog.close()
        if error:
            if getattr(error, "code", None) != "Cancelled":
                self.tell(str(error))
            return
        filled = document.createNode("Filled", "paintlayer")
        layer.parentNode().addChildNode(filled, layer)
        filled.setPixelData(bgra(changes(before, after)), *place)
        document.refreshProjection()

    def tell(self, text):
        QMessageBox.information(Krita.instance().activeWindow().qwindow(), TITLE, text)


def rgba(pixels):
    """Krita's 8-bit RGBA is blue, green, red, alpha in memory; and back, as it is its own inverse."""
    swapped = bytearray(pixels)
    swapped[0::4], swapped[2::4] = pixels[2::4], pixels[0::4]
    return bytes(swapped)


bgra = rgba


def changes(before, after):
    """The pixels of `after`, transparent where they are those of `before`."""
    result = bytearray(after)
    for start in range(0, len(after), 4):
        if before[start:start + 4] == after[start:start + 4]:
            result[start + 3] = 0
    return bytes(result)


Krita.instance().addExtension(RefineControl(Krita.instance()))
