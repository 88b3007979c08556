"""A person's settings, from an `app.toml`:

images = "auto"
theme = "textual-light"
"""

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from textual.theme import BUILTIN_THEMES

from altui.errors import AltuiError
from altui.files import read_text
from altui.text import did_you_mean, listing, plain
from altui.widgets.own_images import IMAGES, Images, style_of
from altui.widgets.terminal import CellStyle

NAME: Final = "app.toml"
AUTO: Final = "auto"


@dataclass(frozen=True)
class Settings:
    """`images`: how pictures are drawn, and `theme`: in which colours all else; None for what the
    environment suggests.
    """

    images: CellStyle | None = None
    theme: str | None = None


def settings_path() -> Path:
    """Where a person's settings are read from."""
    from platformdirs import user_config_path

    return user_config_path("altui", appauthor=False) / NAME


def read_settings(path: Path) -> Settings:
    """What the file says; nothing where there is none. Raises AltuiError."""
    try:
        found = tomllib.loads(read_text(path))
    except FileNotFoundError:
        found = {}
    except (OSError, ValueError, RecursionError) as error:  # ValueError: no TOML, no UTF-8
        raise _refusal(path, f"it cannot be read: {plain(error)}") from None
    known = {"images": IMAGES, "theme": (AUTO, *sorted(BUILTIN_THEMES))}
    for key, value in found.items():
        if key not in known:
            raise _refusal(path, f'unknown key "{plain(key)}"{did_you_mean(key, known)}')
        if value not in known[key]:
            told = f"{key} is {plain(repr(value))}, not one of {listing(known[key], 30)}"
            raise _refusal(path, told)
    images: Images = found.get("images", AUTO)
    theme = found.get("theme", AUTO)
    return Settings(style_of(images), None if theme == AUTO else theme)


def own_settings() -> Settings | AltuiError:
    """What the app begins with: a faulty file is told about in the app, and keeps nobody out."""
    try:
        return read_settings(settings_path())
    except AltuiError as error:
        return error


def _refusal(path: Path, fault: str) -> AltuiError:
    return AltuiError(f"{plain(path)}: {fault}", "until it is mended, all of it is as by default")
