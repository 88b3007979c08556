"""The view of a slice as a PNG, pixel by pixel."""

import io
from dataclasses import replace
from pathlib import Path

from PIL import Image
from PIL.PngImagePlugin import PngInfo

from altui.errors import AltuiError
from altui.screens.pictures import Picture
from altui.screens.viewing import Viewing
from altui.text import plain
from altui.widgets.cells import shrink
from altui.widgets.compose import rgb
from altui.widgets.layers import Frame

FOLDER = "pictures"


def save_picture(picture: Picture, viewing: Viewing, frame: Frame, root: Path, stem: str) -> Path:
    """Write what is in view into a new file in the project's `pictures`, or in the person's own
    pictures where the project cannot be written to. Raises AltuiError.
    """
    assert picture.layers is not None
    look = viewing.look_at(picture.windows)
    pixels = replace(frame, rows=frame.height, columns=frame.width)
    image = Image.fromarray(rgb(shrink(picture.layers, pixels, look.only), look))
    told = PngInfo()
    told.add_itxt(
        "Description",
        f"{picture.wish.slice}, rows {frame.top} to {frame.top + frame.height - 1}, columns "
        f"{frame.left} to {frame.left + frame.width - 1}, grey values {look.window.low:g} to "
        f"{look.window.high:g}",
    )
    data = io.BytesIO()
    image.save(data, "PNG", pnginfo=told)
    faults = []
    for folder in (root / FOLDER, own_pictures()):
        try:
            return _write_new(folder, stem, data.getvalue())
        except OSError as error:
            faults.append(f"{plain(folder)}: {error.strerror}")
    raise AltuiError(
        f"the picture cannot be written ({'; '.join(faults)})", "make room, or ask for access"
    )


def own_pictures() -> Path:
    from platformdirs import user_pictures_path

    return user_pictures_path() / "altui"


def _write_new(folder: Path, stem: str, data: bytes) -> Path:
    """'screw03_z0412.png', or the next name that is free. Raises OSError."""
    folder.mkdir(parents=True, exist_ok=True)
    number = 1
    while True:
        path = folder / (f"{stem}.png" if number == 1 else f"{stem}_{number}.png")
        try:
            with path.open("xb") as file:
                file.write(data)
            return path
        except FileExistsError:
            number += 1
