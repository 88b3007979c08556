"""Graphics as the bytes that a terminal gets, from a real app on a real pty."""

import base64
import fcntl
import io
import os
import pty
import re
import select
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from altui.widgets.cells import shrink
from altui.widgets.compose import rgb
from altui.widgets.graphics import PLACEHOLDER
from altui.widgets.layers import Layers, Look, framed
from altui.widgets.own_images import graphics, style_of

from .phantom import phantom

pytest.importorskip("textual_image")
ROOT = Path(__file__).resolve().parents[2]
CELL = (8, 16)
PIXELS = (160, 160)  # 10 rows of 16 pixels, and as many columns as make a square


@contextmanager
def running(style: str) -> Iterator[int]:
    """The demo in a terminal of 40 × 14 cells of 8 × 16 pixels; its controlling side."""
    side, terminal = pty.openpty()
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 14, 40, 40 * 8, 14 * 16))
    environ = {**os.environ, "TERM": "xterm-kitty", "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "tests.widgets.graphic_demo", style]
    process = subprocess.Popen(
        command, cwd=ROOT, env=environ, stdin=terminal, stdout=terminal, stderr=terminal
    )
    os.close(terminal)
    try:
        yield side
        os.write(side, b"q")
        deadline = time.monotonic() + 20
        while process.poll() is None and time.monotonic() < deadline:
            drain(side)
        assert process.poll() == 0
    finally:
        process.kill()
        process.wait()
        os.close(side)


def drain(side: int) -> bytes:
    try:
        return os.read(side, 1 << 16) if select.select([side], [], [], 0.1)[0] else b""
    except OSError:  # the app has ended
        return b""


def read_until(side: int, pattern: str) -> str:
    seen = b""
    deadline = time.monotonic() + 30
    while not re.search(pattern, seen.decode(errors="replace"), re.DOTALL):
        assert time.monotonic() < deadline, seen[-300:]
        seen += drain(side)
    return seen.decode(errors="replace")


def expected(look: Look) -> np.ndarray:
    layers = Layers(*phantom(200))
    frame = framed((200, 200), 30 * CELL[0], 10 * CELL[1], 1.0)
    assert (frame.rows, frame.columns) == PIXELS
    return rgb(shrink(layers, frame), look)


def test_kitty_gets_the_picture_pixel_by_pixel_and_placeholders_for_it() -> None:
    with running("kitty") as side:
        seen = read_until(side, rf"m=0;[^\x1b]*\x1b\\.*(?:{PLACEHOLDER}[^{PLACEHOLDER}]*){{200}}")
        np.testing.assert_array_equal(sent_to_kitty(seen), expected(Look()))
        first = re.search(r"a=T,U=1,i=(\d+),f=100,c=20,r=10,", seen)
        assert first is not None
        os.write(side, b"o")
        seen = read_until(side, r"a=T.*m=0;[^\x1b]*\x1b\\")
        np.testing.assert_array_equal(sent_to_kitty(seen), expected(Look(overlay="outline")))
        assert f"i={first[1]}," in seen  # it takes the place of the first


def sent_to_kitty(seen: str) -> np.ndarray:
    messages = re.findall(r"\x1b_G([^;\x1b]*);([^\x1b]*)\x1b\\", seen)
    with Image.open(io.BytesIO(base64.b64decode("".join(text for _, text in messages)))) as image:
        return np.asarray(image)


def test_sixels_are_drawn_where_the_view_is() -> None:
    with running("sixel") as side:
        seen = read_until(side, r"\x1b7\x1b\[\d+;\d+H\x1bP[^\x1b]*\x1b\\\x1b8")
        found = re.search(r"\x1b7\x1b\[(\d+);(\d+)H(\x1bP[^\x1b]*\x1b\\)", seen)
        assert found is not None
        assert (int(found[1]), int(found[2])) == (2, 8)  # row 2, and 5 of 30 columns free
        picture = decoded(found[3])
        assert picture.shape == (*PIXELS, 3)
        # 256 colours of percent each, so nearly the same.
        assert np.abs(picture.astype(int) - expected(Look())).mean() < 12


def decoded(data: str) -> np.ndarray:
    """Sixels back to (h, w, 3): the few commands that there are."""
    head = re.match(r'\x1bP[\d;]*q"\d+;\d+;(\d+);(\d+)', data)
    assert head is not None
    width, height = int(head[1]), int(head[2])
    picture = np.zeros((height + 6, width, 3), np.uint8)
    colours: dict[int, tuple[int, ...]] = {}
    colour, column, top = 0, 0, 0
    pattern = r"#(\d+);2;(\d+);(\d+);(\d+)|#(\d+)|!(\d+)(.)|(\$)|(-)|([?-~])"
    for match in re.finditer(pattern, data[head.end() : -2]):
        if match[1]:
            parts = (int(match[part]) for part in (2, 3, 4))
            colour = int(match[1])  # which is selected, too
            colours[colour] = tuple(round(part * 2.55) for part in parts)
        elif match[5]:
            colour = int(match[5])
        elif match[8]:
            column = 0
        elif match[9]:
            column, top = 0, top + 6
        else:
            times, char = (int(match[6]), match[7]) if match[6] else (1, match[10])
            for bit in range(6):
                if (ord(char) - 63) >> bit & 1:
                    picture[top + bit, column : column + times] = colours[colour]
            column += times
    return picture[:height]


@pytest.mark.parametrize(
    ("environ", "style"),
    [
        ({"TERM": "xterm-kitty"}, "kitty"),
        ({"TERM": "xterm-ghostty"}, "kitty"),
        ({"TERM": "foot"}, "sixel"),
        ({"TERM": "foot-extra"}, "sixel"),
        ({"TERM": "xterm-256color", "TERM_PROGRAM": "WezTerm"}, "sixel"),
        ({"TERM": "xterm-256color"}, "half-cell"),
        ({}, "half-cell"),
        ({"TERM": "xterm-kitty", "SSH_CONNECTION": "10.0.0.1 1 10.0.0.2 22"}, "half-cell"),
        ({"TERM": "tmux-256color", "TERM_PROGRAM": "WezTerm"}, "half-cell"),
        ({"TERM": "xterm-kitty", "TMUX": "/tmp/tmux"}, "half-cell"),
        ({"TERM": "xterm-kitty", "NO_COLOR": "1"}, "ascii"),
        ({"TERM": "xterm-kitty", "LC_ALL": "C"}, "ascii"),
    ],
)
def test_auto_goes_by_the_environment(environ: dict[str, str], style: str) -> None:
    assert style_of("auto", environ) == style


def test_what_is_asked_for_is_had_anywhere() -> None:
    environ = {"TERM": "xterm-kitty", "SSH_TTY": "/dev/pts/3"}
    assert graphics(environ) is None
    assert style_of("kitty", environ) == "kitty"
    assert style_of("sixel", environ) == "sixel"
    assert style_of("off", environ) == "off"
    assert style_of("half-cell", {"TERM": "xterm-kitty"}) == "half-cell"
