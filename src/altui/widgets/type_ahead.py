"""Keys typed ahead, as people do over a slow line: each acts on what the one before has brought.

Textual hands a key to whatever has the focus when it comes in, even while the key before it is
still opening another screen, where it would be lost.
"""

import asyncio
from collections import deque
from typing import Literal

from textual import events
from textual.app import App
from textual.message import Message
from textual.screen import Screen

PATIENCE = 0.3  # seconds for a key whose widget is gone before it has answered
HELD = 1.0  # seconds at most that keys wait for what the one before has asked of a disk

Typed = events.Key | events.Paste
When = Literal["now", "next", "later"]


class TypeAhead(App[None]):
    """Hands on one key at a time."""

    class Through(Message):
        """Goes the way of a key, behind it: what it met there is done."""

        def __init__(self, typed: Typed) -> None:
            super().__init__()
            self.typed = typed

    class Released(Message):
        """Keys need wait no longer."""

    def __init__(self) -> None:
        super().__init__()
        self._waiting: deque[Typed] = deque()
        self._put_off: list[Typed] = []
        self._under_way: Typed | None = None
        self._typed_on: Screen[object] | None = None  # None: what it did itself is not done yet
        self._too_long: asyncio.TimerHandle | None = None
        self._held: asyncio.TimerHandle | None = None

    def hold(self) -> None:
        """Have the next key wait for `release`, where an answer is on its way from a thread; a
        slow disk does not keep it for long.
        """
        if self._held:
            self._held.cancel()
        self._held = asyncio.get_running_loop().call_later(HELD, self.release)

    def release(self) -> None:
        if self._held:
            self._held.cancel()
            self._held = None
            self.post_message(self.Released())

    def when(self, typed: Typed) -> When:
        """When a key that is next can act: "next": not yet, and what was typed after it is not to
        overtake it; "later": once `take_up` is called, and what comes after it need not wait.
        """
        return "now"

    def put_off(self, typed: Typed) -> None:
        """A key is to act later."""
        self._put_off.append(typed)

    def take_up(self) -> None:
        """Have the keys that were put off come next."""
        self._waiting.extendleft(reversed(self._put_off))
        self._put_off.clear()

    def drop_put_off(self) -> None:
        """What they were meant for has not come about."""
        self._put_off.clear()

    async def on_event(self, event: events.Event) -> None:
        if isinstance(event, Typed) and not event.is_forwarded:
            self._waiting.append(event)
            await self.go_on()
        else:
            await super().on_event(event)

    async def go_on(self) -> None:
        """Hand on the next key, if its time has come."""
        while self._waiting and self._under_way is None and self._held is None:
            match self.when(self._waiting[0]):
                case "now":
                    await self._hand_on()
                case "next":
                    return
                case "later":
                    self.put_off(self._waiting.popleft())

    async def _hand_on(self) -> None:
        typed = self._under_way = self._waiting.popleft()
        self._typed_on = None
        through = self.Through(typed)
        loop = asyncio.get_running_loop()
        self._too_long = loop.call_later(PATIENCE, self.post_message, self.Through(typed))
        focused = self.focused or self.screen
        await super().on_event(typed)
        focused.post_message(through)

    async def on_type_ahead_through(self, message: Through) -> None:
        if message.typed is not self._under_way or not self.is_running:
            return
        if self._typed_on is not self.screen:
            # What follows from it comes first, such as another screen's being there.
            self._typed_on = self.screen
            (self.focused or self.screen).post_message(self.Through(message.typed))
            return
        if self._too_long:
            self._too_long.cancel()
        self._under_way = None
        await self.go_on()

    async def on_type_ahead_released(self, message: Released) -> None:
        await self.go_on()
