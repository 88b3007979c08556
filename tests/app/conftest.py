"""Fixtures of the app's tests: a tiny project, and a clock that always tells the same."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from altui.project import Project

from .made import FixedClock, make_project


@pytest.fixture(autouse=True)
def same_everywhere(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """No colours, locales, time zones or folders of whoever runs the tests."""
    for name in ("NO_COLOR", "LC_ALL", "LC_CTYPE", "ALTUI_USER", "COLORFGBG"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("LANG", "C.UTF-8")
    # Where the terminal has 16 colours only, the app takes another theme.
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("COLORTERM", "truecolor")
    monkeypatch.delenv("TEXTUAL_THEME", raising=False)
    monkeypatch.setenv("TZ", "UTC")
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> FixedClock:
    clock = FixedClock()
    monkeypatch.setattr("altui.store.connection.datetime", clock)
    return clock


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return make_project(tmp_path / "project")


@pytest.fixture
def project(folder: Path) -> Project:
    return Project.open(folder, who="anna")
