"""What is drawn, in ASCII: for terminals that read nothing else, such as under LC_ALL=C."""

import unicodedata
from functools import lru_cache

from rich.cells import cell_len
from rich.segment import Segment
from textual.color import Color
from textual.filter import LineFilter

LIKE = {
    **dict.fromkeys("─━┄┈╌", "-"),
    **dict.fromkeys("│┃┆┊▏▎▍▌▋▊▉▕▐", "|"),
    **dict.fromkeys("╭╮╰╯┌┐└┘├┤┬┴┼┏┓┗┛", "+"),
    **dict.fromkeys("█▇▆▅▄▃▂▁▀■", "#"),
    **dict.fromkeys("░▒▓", "."),
    **{"✓": "v", "✗": "x", "●": "*", "•": "*", "·": ".", "▸": ">", "▲": "^", "▼": "v"},
    **{"○": "o", "△": "A", "□": "D", "◇": "%", "◆": "@", "°": "o", "√": "V"},
    **{"…": "~", "–": "-", "—": "-", "−": "-", "±": "~", "×": "x", "≥": ">", "≤": "<"},
    **{"↑": "^", "↓": "v", "←": "<", "→": ">", "“": '"', "”": '"', "‘": "'", "’": "'"},
}


class PlainAscii(LineFilter):
    """Each character becomes one that looks alike and is as wide."""

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        return [Segment(as_ascii(text), style, control) for text, style, control in segments]


@lru_cache(maxsize=4096)
def as_ascii(text: str) -> str:
    """As many cells of ASCII: '✓ Müller…' → 'v Muller~'."""
    return text if text.isascii() else "".join(map(_as_ascii, text))


def _as_ascii(char: str) -> str:
    if char.isascii():
        return char
    if char in LIKE:
        return LIKE[char]
    base = unicodedata.normalize("NFKD", char)[0]
    return (base if base.isascii() else "?") * cell_len(char)
