"""Text from files and people, made safe to print."""

import difflib
import shlex
import unicodedata
from collections.abc import Iterable
from pathlib import Path

# Cc: control, Cf: format (bidirectional marks), Cs: lone surrogates of undecodable
# file names, Zl and Zp: line and paragraph separators.
UNPRINTABLE = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})


def plain(text: object) -> str:
    """`text` on one line, with control and direction characters shown as escapes.

    File names and TIFF tags are untrusted: printed raw they could move the
    cursor, recolour the terminal or reverse what stands beside them.
    """
    text = str(text)
    if text.isascii() and text.isprintable():
        return text
    return "".join(
        char.encode("unicode_escape").decode("ascii")
        if unicodedata.category(char) in UNPRINTABLE
        else char
        for char in text
    )


def with_project(hint: str, path: Path | None) -> str:
    """A hint's commands with the folder that was given, so that they can be copied."""
    return hint if path is None else hint.replace("PROJECT", plain(shlex.quote(str(path))))


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """'; did you mean "x"?' for the nearest known word, or an empty string."""
    by_lower = {one.lower(): one for one in known}
    close = difflib.get_close_matches(word.lower(), list(by_lower), n=1, cutoff=0.6)
    return f'; did you mean "{by_lower[close[0]]}"?' if close else ""


def count(number: int, noun: str, plural: str | None = None) -> str:
    """'1 slice', '8 slices'."""
    return f"{number} {noun if number == 1 else plural or noun + 's'}"


def listing(items: Iterable[object], shown: int = 8) -> str:
    """'a, b, c and 5 more'."""
    words = [plain(item) for item in items]
    if len(words) <= shown:
        return ", ".join(words)
    return f"{', '.join(words[:shown])} and {len(words) - shown} more"


def folded(line: str, width: int, hang: int = 0, chop: bool = True) -> list[str]:
    """`line` in rows of at most `width` letters, broken at spaces; those after the first stand
    `hang` columns in. A longer word is cut, unless `chop` is false: then it stays whole, so that
    a terminal breaks it and it can be copied.
    """
    rows, line = [], line.rstrip()
    hang = min(hang, width // 2)
    while len(line) > width:
        begin = max(hang, len(line) - len(line.lstrip())) + 1
        cut = line.rfind(" ", begin, width + 1)
        if cut < 0:
            cut = width if chop else line.find(" ", max(width, begin))
        if cut < 0:
            break
        rows.append(line[:cut].rstrip())
        line = " " * hang + line[cut:].lstrip()
    return [*rows, line]


def spans(numbers: Iterable[int]) -> str:
    """'3, 5–50' for sorted numbers."""
    runs: list[list[int]] = []
    for number in numbers:
        if runs and number == runs[-1][-1] + 1:
            runs[-1][1:] = [number]
        else:
            runs.append([number])
    return ", ".join("–".join(map(str, run)) for run in runs)


def percent(share: float) -> str:
    """'23 %', '0.59 %', of 0..1."""
    return f"{100 * share:.2g} %" if share < 0.995 else "100 %"


def duration(seconds: float | None) -> str:
    """'45 s', '2 min 05 s', '1 h 20 min'; a dash for none."""
    if seconds is None:
        return "–"
    whole = max(0, round(seconds))
    if whole < 60:
        return f"{whole} s"
    minutes, rest = divmod(whole, 60)
    if minutes < 60:
        return f"{minutes} min {rest:02d} s"
    return f"{minutes // 60} h {minutes % 60:02d} min"


def size(number: int) -> str:
    """Bytes: '950 MB', '12.3 GB'."""
    return f"{number / 1e9:.1f} GB" if number >= 1e9 else f"{number / 1e6:.0f} MB"
