"""Text that is drawn anew only when it says something new."""

from collections.abc import Sequence

from textual.content import Content
from textual.widget import Widget
from textual.widgets import Static


class Told(Static):
    """As high as its text, or as its least height where that is more.

    Each update of a `Static` goes out to the terminal, also where it says the same, and has
    all that is around it laid out anew, also where it is as large as before.
    """

    def __init__(
        self,
        text: str = "",
        *,
        id: str | None = None,  # noqa: A002 - as every Textual widget calls it
        classes: str | None = None,
    ) -> None:
        super().__init__(text, markup=False, id=id, classes=classes)

    def tell(self, content: Content | str) -> None:
        """Show `content`; markup in a plain text is not read."""
        new = Content(content) if isinstance(content, str) else content
        old = self.content
        if not isinstance(old, Content):
            self.update(new)
        elif not old.is_same(new):
            self.update(new, layout=not self._is_as_large(old, new))

    def _is_as_large(self, old: Content, new: Content) -> bool:
        if not self.size:
            return False
        width = self.styles.width
        if width is not None and width.is_auto:
            return extent(old) == extent(new)
        return self._height(old) == self._height(new)

    def _height(self, content: Content) -> int:
        least, around = self.styles.min_height, self.parent
        lines = len(content.wrap(self.size.width))
        if least is None or not isinstance(around, Widget):
            return lines
        return max(lines, int(least.resolve(around.content_size, self.app.size)))


def extent(content: Content) -> tuple[int, int]:
    """Columns and lines of a text that is not wrapped."""
    lines = content.split("\n", allow_blank=True)
    return max(line.cell_length for line in lines), len(lines)


class Hanging(Static):
    """Lines of which those that do not fit go on below, so many columns in."""

    def __init__(self, lines: Sequence[Content], hang: int) -> None:
        super().__init__(markup=False)
        self._lines, self._hang = lines, hang

    def on_resize(self) -> None:
        self.update(
            Content("\n").join(hung(one, self._hang, self.size.width) for one in self._lines)
        )


def hung(line: Content, hang: int, width: int) -> Content:
    """On as many lines as it takes."""
    if line.cell_length <= width:
        return line
    rest = line[hang:].wrap(max(width - hang, 1))
    return Content("\n" + " " * hang).join(
        [line[:hang] + rest[0].rstrip(), *(one.rstrip() for one in rest[1:])]
    )
