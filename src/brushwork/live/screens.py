"""Shows the live pastiche in a window, or sends it to a virtual camera for other programs."""

from typing import Any

import numpy as np
from PIL import Image as Pillow

from brushwork import extras
from brushwork.errors import UserError
from brushwork.images.levels import quantise
from brushwork.live.loop import Shown


class Window:
    """A window of the desktop; number keys choose styles, and closing it ends the program.

    Raises:
        UserError: If there is no desktop, or this Python has no Tk.
    """

    def __init__(self, title: str) -> None:
        try:
            import tkinter
        except ImportError:
            raise UserError("this Python has no Tk, which a window needs; use --output mjpeg") from None
        try:
            self._root = tkinter.Tk()
        except tkinter.TclError as error:
            raise UserError(f"cannot open a window ({error}); use --output mjpeg") from None
        self._root.title(title)
        self._label = tkinter.Label(self._root, background="black")
        self._label.pack(expand=True, fill="both")
        self._pressed: int | None = None
        self._open = True
        self._picture: Any = None
        self._root.bind("<Key>", self._on_key)
        self._root.protocol("WM_DELETE_WINDOW", self._leave)

    def show(self, shown: Shown) -> None:
        """Show a pastiche, with its numbers in the title."""
        from PIL import ImageTk

        if not self._open:
            raise KeyboardInterrupt
        self._picture = ImageTk.PhotoImage(Pillow.fromarray(quantise(shown.pastiche, 8)), master=self._root)
        self._label.configure(image=self._picture)
        self._root.title(f"brushwork live   {shown.line}")
        self._root.update()

    def pressed(self) -> int | None:
        """See `Screen.pressed`."""
        number, self._pressed = self._pressed, None
        return number

    def close(self) -> None:
        """Close the window."""
        if self._open:
            self._root.destroy()
            self._open = False

    def _on_key(self, event: Any) -> None:
        if event.char in set("123456789"):
            self._pressed = int(event.char) - 1

    def _leave(self) -> None:
        self.close()


class VirtualCamera:
    """A virtual camera for other programs (extra ``camera``: pyvirtualcam).

    Raises:
        UserError: If pyvirtualcam is missing, or the system has no driver for it.
    """

    def __init__(self, rate: float = 20.0) -> None:
        extras.require("camera", "a virtual camera")
        import pyvirtualcam

        self._open, self._rate = pyvirtualcam.Camera, rate
        self._camera: Any = None

    def show(self, shown: Shown) -> None:
        """Send a pastiche to the programs that use the camera."""
        pixels = np.ascontiguousarray(quantise(shown.pastiche, 8))
        if self._camera is None:
            height, width = pixels.shape[:2]
            try:
                self._camera = self._open(width, height, self._rate)
            except RuntimeError as error:
                raise UserError(f"cannot open a virtual camera: {' '.join(str(error).split())}") from None
        self._camera.send(pixels)

    def pressed(self) -> int | None:
        """Return None, because a camera has no keys."""
        return None

    def close(self) -> None:
        """Close the camera."""
        if self._camera is not None:
            self._camera.close()
