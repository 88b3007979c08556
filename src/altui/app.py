"""The terminal app: screens, keys, one poller. It keeps nothing that is not in the project."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import sys
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, cast

from rich.text import Text
from textual import events
from textual.app import App, SystemCommand
from textual.message import Message
from textual.screen import Screen
from textual.theme import Theme
from textual.widgets import Input

from altui.actions import Context, Keys, bindings, find, is_valid, on_screen
from altui.errors import AltuiError
from altui.screens.base import AltuiScreen, Dialog
from altui.screens.frame import is_too_small
from altui.screens.modes import MODES, commands
from altui.screens.trouble import crash_in_words
from altui.telling import TellingApp
from altui.text import listing
from altui.widgets.own_settings import Settings, settings_path
from altui.widgets.plain_ascii import PlainAscii
from altui.widgets.terminal import speaks_unicode
from altui.widgets.theme import own_variables, theme_for
from altui.widgets.type_ahead import Typed, When

if TYPE_CHECKING:  # imported once the first frame is there
    from textual.driver import Driver

    from altui.inbox.inbox import Note, Taken
    from altui.inbox.watcher import Watcher
    from altui.poller import Poller, Snapshot
    from altui.project import Project
    from altui.rounds.propose import Proposals
    from altui.screens.export import Wanted
    from altui.screens.pictures import Pictures


INTERVAL = 1.25  # seconds between looks: what others decide is seen within 2 s
LAST_SECONDS = 5  # after which an app whose line was hung up is killed
LEAVING = ("escape", "ctrl+c", "ctrl+q")  # what is never kept waiting in a dialog
# Seconds that one thread may keep others waiting: a key passes three, and between them each that
# reads would hold it up for Python's 5 ms.
TURN = 0.0005


class AltuiApp(TellingApp):
    """Opens a project once its first frame is painted; the screens look at it through
    snapshots and change it through `perform`.
    """

    TITLE = "altui"
    CSS_PATH = "screens/frame.tcss"
    MODES: ClassVar = MODES
    DEFAULT_MODE = "opening"
    BINDINGS = bindings()
    COMMANDS: ClassVar = {commands}

    class Polled(Message):
        """The project has changed."""

        def __init__(self, snapshot: Snapshot) -> None:
            super().__init__()
            self.snapshot = snapshot

    class PollFailed(Message):
        def __init__(self, error: Exception) -> None:
            super().__init__()
            self.error = error

    class Arrived(Message):
        """Masks came into the inbox, or something that stays there."""

        def __init__(self, heard: Sequence[Taken | Note]) -> None:
            super().__init__()
            self.heard = heard

    def __init__(
        self,
        project: Project | Path,
        *,
        interval: float = INTERVAL,
        host: str | None = None,
        keys: Keys | AltuiError | None = None,
        settings: Settings | AltuiError | None = None,
    ) -> None:
        """`project`: its folder, or one that is open already. `interval`: seconds between two
        looks at it; five times that for the inbox. `keys`: other ones than altui's own, and
        `settings`: other pictures and colours than the environment suggests, or why they could
        not be had.
        """
        super().__init__(keys if isinstance(keys, Keys) else Keys())
        self.animation_level = "none"
        sixteen = self.console.color_system == "standard"
        begin_with = settings.theme if isinstance(settings, Settings) else None
        theme = theme_for(begin_with, sixteen, os.environ)
        # Without colours, Textual makes greys of a theme's; of a terminal's own it makes black.
        if theme and not (self.no_color and theme.startswith("ansi")):
            self.theme = theme
        if not speaks_unicode():
            self._filters.append(PlainAscii())
        self.images = settings.images if isinstance(settings, Settings) else None
        self._faults = [fault for fault in (keys, settings) if isinstance(fault, AltuiError)]
        self.who = ""
        self.snapshot: Snapshot | None = None
        self.failure: Exception | None = None  # why the project could not be opened
        self.imported_from: str | None = None
        self.exported: Wanted | None = None  # what the last bundle was to be
        self.interval = interval
        self.watcher: Watcher | None = None
        self._host = host or socket.gethostname()
        self._given = project
        self._project: Project | None = None
        self._first = "rounds"  # the screen to begin with

    def get_driver_class(self) -> type[Driver]:
        usual = super().get_driver_class()
        if usual.__name__ != "LinuxDriver":  # a test's, or another system's
            return usual
        from altui.widgets.driver import Driver as Ours

        return Ours

    @property
    def project(self) -> Project:
        """Once it is open."""
        if self._project is None:
            assert not isinstance(self._given, Path), "the project is not open yet"
            return self._given
        return self._project

    @property
    def folder(self) -> Path:
        """The project's."""
        return self._given if isinstance(self._given, Path) else self._given.root

    @cached_property
    def pictures(self) -> Pictures:
        """One for all screens, so that they keep no more than one of them would."""
        from altui.screens.pictures import Pictures

        return Pictures(self.project)

    @property
    def poller(self) -> Poller:
        assert self._poller is not None, "the project is not open yet"
        return self._poller

    @property
    def context(self) -> Context | None:
        """What the availability of actions depends on, from the screen under any dialog."""
        if self.snapshot is None or not self.is_running:
            return None
        here = self.screen_stack[0]
        if isinstance(here, AltuiScreen) and here.is_ready:
            context = here.context(self.snapshot)
        else:
            context = Context(self.snapshot)
        return replace(context, is_deciding=self.is_deciding)

    def farewell(self) -> str:
        """'train-001 goes on in the background': for after the app has ended."""
        jobs = self.snapshot.status.jobs if self.snapshot else ()
        active = [job.id for job in jobs if job.active]
        if not active:
            return ""
        return f"{listing(active)} {'goes' if len(active) == 1 else 'go'} on in the background"

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        known = find(action)
        here = self.screen_stack[0] if self.is_running else None
        if known is None or not isinstance(here, AltuiScreen):
            return known is None or is_valid(known, self.context)
        return here.can(known, self.context)

    def get_css_variables(self) -> dict[str, str]:
        variables = super().get_css_variables()
        variables.update(own_variables(self.current_theme))  # for Textual's own dictionary, too
        return variables

    def get_system_commands(self, screen: Screen[object]) -> Iterable[SystemCommand]:
        return ()

    def on_mount(self) -> None:
        for fault in self._faults:
            self.complain(fault)
        # Back from the background it finds an empty screen.
        self.app_resume_signal.subscribe(self, lambda _: void(self.refresh(layout=True)))
        self.theme_changed_signal.subscribe(self, self._theme_changed)
        # Asked to end, it gives the terminal back; outside the main thread that cannot be had.
        with suppress(NotImplementedError, RuntimeError, ValueError):
            for number in (signal.SIGTERM, signal.SIGQUIT):
                asyncio.get_running_loop().add_signal_handler(number, self.exit)
            asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, self._hung_up)

    def _theme_changed(self, theme: Theme) -> None:
        self.say(f'to keep it, write theme = "{theme.name}" into {settings_path()}')

    def _hung_up(self) -> None:
        """Leave in good order, but leave: most likely there is no terminal to wait for."""
        signal.alarm(LAST_SECONDS)
        self.exit()

    def on_unmount(self) -> None:
        if self._poller:
            self._poller.stop()
        if self.watcher:
            self.watcher.stop()
        if "pictures" in vars(self):
            self.pictures.close()
        # What was typed before quitting is still done; the interpreter waits for it.
        self._doer.shutdown(wait=False)

    # Opening

    def begin(self) -> None:
        """Open the project, in a thread that quitting does not wait for."""
        from altui.widgets.memory import return_freed_memory

        return_freed_memory()
        sys.setswitchinterval(TURN)
        self.do_aside(self._open, self._opened, self._not_opened, "altui-open")

    def _open(self) -> tuple[Project, Poller] | None:
        """None for a folder that is no project yet. Imports what the screens need, too, so that
        they come up at once.
        """
        from altui.poller import Poller
        from altui.project import Project
        from altui.screens import compare, jobs, labels, proposals, rounds, samples  # noqa: F401
        from altui.setup.init import is_to_be_set_up

        given = self._given
        if isinstance(given, Path) and is_to_be_set_up(given):
            from altui.screens import wizard  # noqa: F401

            return None
        project = Project.open(given) if isinstance(given, Path) else given
        return project, Poller(
            project, self._polled, self._poll_failed, self._looked, self.interval
        )

    def _opened(self, found: tuple[Project, Poller] | None) -> None:
        if found is None:
            self.switch_mode("wizard")
            return
        self._project, self._poller = found
        store = self.project.workspace.store
        self.who = f"{store.who}@{self._host}{'' if store.writable else ' (read-only)'}"
        self.poller.start()
        if self.project.config.masks_in.inbox:
            self._watch_inbox()
        self.switch_mode(self._first)

    def _not_opened(self, error: Exception) -> None:
        self.failure = error
        self.exit(return_code=1)

    def _fatal_error(self) -> None:
        """What nobody foresaw ends the app: in words, with the report in a file."""
        error = self._exception or sys.exception()
        if isinstance(error, Exception):
            self._exit_renderables.append(Text(crash_in_words(error)))
        self._close_messages_no_wait()

    # Snapshots

    def _polled(self, snapshot: Snapshot) -> None:
        self.post(self.Polled(snapshot))

    def _poll_failed(self, error: Exception) -> None:
        self.post(self.PollFailed(error))

    def _looked(self, look: int) -> None:
        self.post(self.Looked(look))

    def _watch_inbox(self) -> None:
        from altui.inbox.watcher import Watcher, inbox_of

        folder = inbox_of(self.project)
        if folder is not None:
            self.watcher = Watcher(
                self.project, folder, self._arrived, self._poll_failed, 5 * self.interval
            )
            self.watcher.start()

    def _arrived(self, heard: Sequence[Taken | Note]) -> None:
        self.post(self.Arrived(heard))
        self.poller.kick()

    def on_altui_app_polled(self, message: Polled) -> None:
        before, self.snapshot = self.snapshot, message.snapshot
        if before is None:
            from altui.widgets.memory import set_aside

            set_aside()
        elif before.config != self.snapshot.config:
            self.pictures.forget()
            self.say("altui.toml has changed: what you do from now on goes by it")
        if self.is_running:
            here = self.screen_stack[0]
            if isinstance(here, AltuiScreen):
                here.take(self.snapshot)

    def on_altui_app_poll_failed(self, message: PollFailed) -> None:
        self.complain(message.error)

    def on_altui_app_arrived(self, message: Arrived) -> None:
        from altui.screens.imports import news

        for text, severity in news(message.heard):
            self.say(text, severity)

    # Doing

    def when(self, typed: Typed) -> When:
        here, key = self.screen, typed.key if isinstance(typed, events.Key) else ""
        if key and isinstance(here, AltuiScreen) and here.is_to_wait(key):
            self.hold()
            return "next"
        return super().when(typed)

    def can_act(self, key: events.Key) -> bool:
        screen = self.screen
        if isinstance(screen, Dialog):
            return not screen.is_busy or key.key in LEAVING
        if self.snapshot is None or not isinstance(screen, AltuiScreen):
            return True
        if isinstance(self.focused, Input):
            return True
        here = on_screen(screen.SCREEN_NAME)
        meant = [one for one in here if key.key in self.keys.of(one)]
        context = self.context
        return not meant or any(screen.can(one, context) for one in meant)

    # Actions of every screen

    def action_show_rounds(self) -> None:
        self._show("rounds")

    def action_show_proposals(self) -> None:
        self._show("proposals")

    def action_show_labels(self) -> None:
        self._show("labels")

    def action_show_jobs(self) -> None:
        self._show("jobs")

    def action_show_samples(self) -> None:
        self._show("samples")

    def action_show_compare(self) -> None:
        self._show("compare")

    def _show(self, screen: str) -> None:
        if self._project is None:
            self._first = screen
        else:
            self.switch_mode(screen)

    def action_propose(self) -> None:
        def proposed(proposals: Proposals) -> None:
            if proposals.shortfall:
                self.say(proposals.shortfall, "warning")
            self.switch_mode("proposals")

        self.perform(self.project.propose, proposed, waits="all")

    def action_run_round(self) -> None:
        self.perform(self.project.run, self._started)

    def _started(self, job: str) -> None:
        from altui.pretrained import to_be_fetched

        self.say(f"{job} was started: press {self.key_of('show_jobs')}")
        if fetched := to_be_fetched(self.project.config.model, self.project.root):
            self.say(fetched, "warning")

    def action_export(self) -> None:
        from altui.screens.export import Export, Wanted

        number = self.snapshot.status.round if self.snapshot else 1
        folder = partial(free_folder, self.project.root, number)
        self.push_screen(Export(folder, self.exported or Wanted()))

    def action_import_labels(self) -> None:
        from altui.screens.imports import Import

        number, last = self.snapshot.status.round if self.snapshot else 1, self.imported_from
        self.push_screen(Import(lambda: last or likely_masks(self.project.root, number)))

    def action_import_from_oracle(self) -> None:
        from altui.screens.imports import summary

        self.perform(
            self.project.import_from_oracle, lambda report: self.say(summary(report)), slow=True
        )

    def action_command_palette(self) -> None:
        from altui.screens.commands import Palette

        if not (is_too_small(self.size) or Palette.is_open(cast("App[object]", self))):
            self.push_screen(Palette(id="--command-palette"))

    def action_help(self) -> None:
        from altui.screens.help import Help

        here = self.screen_stack[0]
        name = here.SCREEN_NAME if isinstance(here, AltuiScreen) else ""
        can = here.can if isinstance(here, AltuiScreen) else is_valid
        context = self.context
        self.push_screen(Help(name, lambda action: can(action, context)))

    def action_help_quit(self) -> None:
        """Ctrl+C, which people try first."""
        self.say(f"press {self.key_of('quit')} to quit; jobs go on")


def free_folder(root: Path, number: int) -> str:
    """'bundles/round-02', or the next name that is not taken; relative to the project."""
    name = f"bundles/round-{number:02d}"
    for attempt in range(2, 1000):
        if not (root / name).exists():
            break
        name = f"bundles/round-{number:02d}-{attempt}"
    return name


def likely_masks(root: Path, number: int) -> str:
    """Where masks would come back to: `returned/`, else the round's bundle."""
    bundle = f"bundles/round-{number:02d}"
    return bundle if (root / bundle).is_dir() and not (root / "returned").is_dir() else "returned"


def void(_: object) -> None:
    """For callbacks that return nothing."""
