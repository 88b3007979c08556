"""What the terminal can show, as far as the environment tells."""

import os
import sys
from collections.abc import Mapping
from typing import Literal

CellStyle = Literal["half-cell", "ascii", "kitty", "sixel", "off"]
"""How a picture is drawn: two coloured samples a cell, one character a cell, pixel by pixel where
the terminal has graphics, or not at all.
"""

LineStyle = Literal["braille", "ascii"]
"""How a chart's lines are drawn."""


def speaks_unicode(environ: Mapping[str, str] | None = None, encoding: str | None = None) -> bool:
    """Whether characters beyond ASCII arrive; `encoding` is that of the app's output."""
    environ = os.environ if environ is None else environ
    # Textual writes to stderr's file; sys.stderr itself may be captured.
    encoding = encoding or getattr(sys.__stderr__, "encoding", None) or "utf-8"
    # Python writes UTF-8 even under LC_ALL=C, where the terminal may not read it, so the
    # locale is asked too. One that is not set at all says nothing: most read UTF-8.
    locale = environ.get("LC_ALL") or environ.get("LC_CTYPE") or environ.get("LANG") or "UTF-8"
    return _is_utf8(encoding) and _is_utf8(locale) and environ.get("TERM") != "dumb"


def picture_style(
    environ: Mapping[str, str] | None = None,
) -> Literal["half-cell", "ascii"]:
    """Characters where colours are unwelcome (NO_COLOR) or half blocks would not arrive."""
    environ = os.environ if environ is None else environ
    return "half-cell" if speaks_unicode(environ) and not environ.get("NO_COLOR") else "ascii"


def chart_style(environ: Mapping[str, str] | None = None) -> LineStyle:
    """Braille needs no colour, so NO_COLOR does not matter here."""
    return "braille" if speaks_unicode(environ) else "ascii"


def _is_utf8(name: str) -> bool:
    return "utf8" in name.lower().replace("-", "").replace("_", "")
