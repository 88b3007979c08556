"""What the widgets look like; renew the pictures with `pytest --snapshot-update`."""

from collections.abc import Awaitable, Callable, Sequence

import pytest
from textual.pilot import Pilot

from altui.widgets.slice_view import SliceView

from .demo import Demo

Compare = Callable[..., bool]


def pressing(*keys: str) -> Callable[[Pilot[None]], Awaitable[None]]:
    """Wait for the picture, which is made in a thread, too."""

    async def before(pilot: Pilot[None]) -> None:
        await pilot.press(*keys)
        await pilot.pause()
        while not pilot.app.query_one(SliceView).is_drawn:
            await pilot.pause(0.01)
        await pilot.pause()

    return before


@pytest.mark.parametrize(
    ("keys", "size"),
    [
        pytest.param((), (80, 24), id="overlay"),
        pytest.param(("o",), (80, 24), id="grey"),
        pytest.param(("t",), (80, 24), id="light"),
        pytest.param(("m",), (80, 24), id="message"),
        pytest.param((), (120, 36), id="large"),
        pytest.param((), (60, 10), id="small"),
    ],
)
def test_demo(snap_compare: Compare, keys: Sequence[str], size: tuple[int, int]) -> None:
    assert snap_compare(Demo(), terminal_size=size, run_before=pressing(*keys))


@pytest.mark.parametrize("keys", [(), ("t",)], ids=["dark", "light"])
def test_no_color(
    snap_compare: Compare, monkeypatch: pytest.MonkeyPatch, keys: Sequence[str]
) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    assert snap_compare(Demo(), terminal_size=(80, 24), run_before=pressing(*keys))


def test_ascii(snap_compare: Compare, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LC_ALL", "C")
    assert snap_compare(Demo(), terminal_size=(80, 24), run_before=pressing())
