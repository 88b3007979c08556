"""Which graphics a terminal has, as far as the environment tells."""

import os
from collections.abc import Mapping
from importlib.util import find_spec
from typing import Final, Literal, get_args

from altui.errors import AltuiError
from altui.widgets.terminal import CellStyle, picture_style

Images = Literal["auto", "half-cell", "sixel", "kitty", "off"]
IMAGES: Final[tuple[Images, ...]] = get_args(Images)

KITTY: Final = ("xterm-kitty", "xterm-ghostty")
SIXEL: Final = ("foot", "contour", "mlterm", "yaft")
SIXEL_PROGRAMS: Final = ("WezTerm", "mintty")


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
