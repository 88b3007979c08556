"""The colours of classes: one for each, on screen and in every tool that a bundle is for.

The hues of Okabe and Ito (https://jfly.uni-koeln.de/color/), which stay apart in the common
kinds of colour blindness. Green and purple come late: over grey, they are what red-green
blindness confuses.
"""

from typing import Final, NamedTuple

Rgb = tuple[int, int, int]


class Hue(NamedTuple):
    """`rgb`: as published; `shades`: the same hue from dark to light, as codes of a terminal's
    256-colour palette.
    """

    name: str
    rgb: Rgb
    shades: tuple[int, int, int, int]


HUES: Final = (
    Hue("sky blue", (86, 180, 233), (31, 74, 117, 153)),
    Hue("orange", (230, 159, 0), (94, 136, 172, 214)),
    Hue("blue", (0, 114, 178), (20, 27, 69, 105)),
    Hue("yellow", (240, 228, 66), (142, 184, 227, 229)),
    Hue("bluish green", (0, 158, 115), (29, 36, 79, 122)),
    Hue("reddish purple", (204, 121, 167), (96, 132, 175, 218)),
    Hue("vermilion", (213, 94, 0), (88, 124, 160, 203)),
)
BACKGROUND: Final[Rgb] = (0, 0, 0)
IGNORED: Final[Rgb] = (128, 128, 128)


def class_colour(class_id: int) -> Rgb:
    """The colour of a class, another for each of the 255 that there may be; black for class 0.

    Where the hues are used up, they come again, darker by half, by a quarter, three quarters, …
    """
    if class_id == 0:
        return BACKGROUND
    turn, place = divmod(class_id - 1, len(HUES))
    darker = int(f"{turn:06b}"[::-1], 2) / 64  # 0, 1/2, 1/4, 3/4, 1/8, … (van der Corput)
    red, green, blue = (round(part * (1 - 0.7 * darker)) for part in HUES[place].rgb)
    return red, green, blue


def hexadecimal(colour: Rgb) -> str:
    """'#56b4e9'."""
    return "#{:02x}{:02x}{:02x}".format(*colour)
