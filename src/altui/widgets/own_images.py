"""How pictures are drawn, as a person's `app.toml` says: `images = "auto"`, or one of IMAGES."""

import os
import tomllib
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Final, Literal, get_args

from altui.errors import AltuiError
from altui.files import read_text
from altui.text import did_you_mean, listing, plain
from altui.widgets.terminal import CellStyle, picture_style

NAME: Final = "app.toml"
Images = Literal["auto", "half-cell", "sixel", "kitty", "off"]
IMAGES: Final[tuple[Images, ...]] = get_args(Images)

KITTY: Final = ("xterm-kitty", "xterm-ghostty")
SIXEL: Final = ("foot", "contour", "mlterm", "yaft")
SIXEL_PROGRAMS: Final = ("WezTerm", "mintty")


def settings_path() -> Path:
    """Where a person's settings are read from."""
    from platformdirs import user_config_path

    return user_config_path("altui", appauthor=False) / NAME


def read_images(path: Path) -> Images:
    """What the file says; "auto" where there is none. Raises AltuiError."""
    try:
        found = tomllib.loads(read_text(path))
    except FileNotFoundError:
        return "auto"
    except (OSError, ValueError, RecursionError) as error:  # ValueError: no TOML, no UTF-8
        raise _refusal(path, f"it cannot be read: {plain(error)}") from None
    for key in found:
        if key != "images":
            raise _refusal(path, f'unknown key "{plain(key)}"{did_you_mean(key, ["images"])}')
    value = found.get("images", "auto")
    chosen = next((one for one in IMAGES if one == value), None)
    if chosen is None:
        raise _refusal(path, f"images is {plain(repr(value))}, not one of {listing(IMAGES)}")
    return chosen


def own_images() -> CellStyle | AltuiError:
    """What the app begins with: a faulty file is told about in the app, and keeps nobody out."""
    try:
        return style_of(read_images(settings_path()))
    except AltuiError as error:
        return error


def style_of(images: Images, environ: Mapping[str, str] | None = None) -> CellStyle:
    """The style for a setting, in this environment. Raises AltuiError where graphics are asked
    for and textual-image, which encodes them, is not installed.

    "auto" goes by the environment and asks the terminal nothing: an answer that comes late
    would be taken for keys that were typed.
    """
    environ = os.environ if environ is None else environ
    if images == "off":
        return "off"
    if images in ("kitty", "sixel"):
        if not _can_encode():
            raise AltuiError(
                f'images = "{images}" needs the package textual-image',
                "pip install 'altui[images]'",
            )
        return "kitty" if images == "kitty" else "sixel"
    plainly = picture_style(environ)
    if images == "half-cell" or plainly == "ascii" or not _can_encode():
        return plainly
    return graphics(environ) or plainly


def graphics(environ: Mapping[str, str]) -> Literal["kitty", "sixel"] | None:
    """Which graphics the terminal surely has. Behind SSH none: a picture would be 20 times as
    many bytes; and within tmux or screen none, which pass them on only where told to.
    """
    terminal, program = environ.get("TERM", ""), environ.get("TERM_PROGRAM", "")
    if any(environ.get(name) for name in ("SSH_CONNECTION", "SSH_TTY", "TMUX", "STY")):
        return None
    if terminal.startswith(("tmux", "screen")):
        return None
    if terminal in KITTY:
        return "kitty"
    if terminal.split("-")[0] in SIXEL or program in SIXEL_PROGRAMS:
        return "sixel"
    return None


def _can_encode() -> bool:
    return find_spec("textual_image") is not None


def _refusal(path: Path, fault: str) -> AltuiError:
    return AltuiError(f"{plain(path)}: {fault}", "until it is mended, pictures are as by default")
