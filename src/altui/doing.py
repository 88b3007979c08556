"""Calls of the project's, made in threads, and the keys that wait for what comes of them."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Literal, TypeVar

from textual import events
from textual.message import Message

from altui.widgets.type_ahead import TypeAhead, Typed, When

if TYPE_CHECKING:  # imported once the first frame is there
    from altui.poller import Poller

_T = TypeVar("_T")
LONGEST = 3.0  # seconds that keys which cannot act yet hold up those behind them
Waits = Literal["all", "some", "none"]


@dataclass(eq=False)
class Call:
    """One under way, from its key until a snapshot shows what came of it.

    `waits`: which keys wait for it: "all", as what they are about is known only then; "some",
    those that could do nothing before it is done; "none", of what only looks. `look`: the first
    of the poller's that sees it, once it is done.
    """

    waits: Waits = "some"
    slow: bool = False
    since: float = field(default_factory=time.monotonic)
    look: int | None = None

    @property
    def is_long(self) -> bool:
        is_slow = self.slow and self.look is None
        return is_slow or time.monotonic() - self.since > LONGEST


class DoingApp(TypeAhead):
    """Makes one quick call after the other, in the order of their keys, and slow ones beside."""

    class Performed(Message):
        """A call has returned in its thread; `then` shows what came of it."""

        def __init__(self, call: Call, then: Callable[[], None], look: int | None) -> None:
            super().__init__()
            self.call, self.then, self.look = call, then, look

    class Looked(Message):
        """The poller has looked, for the time of this number, and told what it found."""

        def __init__(self, look: int) -> None:
            super().__init__()
            self.look = look

    def __init__(self) -> None:
        super().__init__()
        self._poller: Poller | None = None
        # One thread, so that what is typed fast is done in the order of its typing.
        self._doer = ThreadPoolExecutor(1, thread_name_prefix="altui-act")
        self._calls: set[Call] = set()
        self._seen = 0  # the poller's last look that was told

    @property
    def is_doing(self) -> bool:
        """Whether something is under way, or done and shown in no snapshot yet."""
        return bool(self._calls)

    @property
    def _waited_for(self) -> list[Call]:
        return [one for one in self._calls if one.waits != "none"]

    @property
    def is_deciding(self) -> bool:
        """Whether some of it may change the project."""
        return bool(self._waited_for)

    def perform(
        self,
        call: Callable[[], _T],
        done: Callable[[_T], None],
        failed: Callable[[Exception], None] | None = None,
        *,
        slow: bool = False,
        waits: Waits = "some",
    ) -> None:
        """Make a call of the project's in a thread, and show what came of it.

        `slow` calls do not hold up the others; `waits`: see `Call`. An error becomes a notice,
        unless `failed` takes it.
        """
        work = partial(self._work, self._begun(waits, slow), call, done, failed or self.complain)
        if slow:
            self.run_worker(work, thread=True, exit_on_error=False)
        else:
            self._doer.submit(work)
            self.set_timer(LONGEST + 0.1, self.go_on)

    def glance(
        self,
        call: Callable[[], _T],
        done: Callable[[_T], None],
        failed: Callable[[Exception], None] | None = None,
    ) -> None:
        """Like `perform`, for what only looks: keys wait for it a while, quitting does not."""

        def shown(result: _T) -> None:
            done(result)
            self.release()

        def told(error: Exception) -> None:
            (failed or self.complain)(error)
            self.release()

        self.hold()
        self.do_aside(call, shown, told, "altui-glance")

    def do_aside(
        self,
        call: Callable[[], _T],
        done: Callable[[_T], None],
        failed: Callable[[Exception], None],
        name: str,
    ) -> None:
        """In a thread of that name, which quitting does not wait for."""
        work = partial(self._work, self._begun("none", True), call, done, failed)
        threading.Thread(target=work, name=name, daemon=True).start()

    def _begun(self, waits: Waits, slow: bool) -> Call:
        call = Call(waits, slow)
        self._calls.add(call)
        return call

    def _work(
        self,
        under_way: Call,
        call: Callable[[], _T],
        done: Callable[[_T], None],
        failed: Callable[[Exception], None],
    ) -> None:
        then: Callable[[], None]
        try:
            then = partial(done, call())
        except Exception as error:
            then = partial(failed, error)
        look = self._poller.kick() if self._poller and under_way.waits != "none" else None
        self.post(self.Performed(under_way, then, look))

    async def on_doing_app_performed(self, message: Performed) -> None:
        message.call.look, message.call.since = message.look or 0, time.monotonic()
        if self.is_running:
            message.then()
        await self._settle()

    async def on_doing_app_looked(self, message: Looked) -> None:
        self._seen = message.look
        await self._settle()

    async def _settle(self) -> None:
        """Go on with the keys that waited for what is done and seen."""
        self._calls -= {
            one for one in self._calls if one.look is not None and one.look <= self._seen
        }
        if not self._waited_for:
            self.take_up()
        await self.go_on()

    def post(self, message: Message) -> None:
        """From any thread; the app may be gone by then."""
        try:
            self.post_message(message)
        except RuntimeError:
            self.log("the app has ended")

    def when(self, typed: Typed) -> When:
        calls = self._waited_for
        if not calls:
            return "now"
        if any(one.waits == "all" and not one.is_long for one in calls):
            return "next"
        if not isinstance(typed, events.Key) or self.can_act(typed):
            return "now"
        return "later" if any(one.is_long for one in calls) else "next"

    def can_act(self, key: events.Key) -> bool:
        """Whether a key does what it is meant to do, or never does anything here."""
        raise NotImplementedError

    def complain(self, error: Exception) -> None:
        raise NotImplementedError
