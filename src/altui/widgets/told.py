"""Text that is drawn anew only when it says something new."""

from textual.content import Content
from textual.widgets import Static


class Told(Static):
    """As wide as its place, and as high as its text.

    Each update of a `Static` goes out to the terminal, also where it says the same, and has
    all that is around it laid out anew.
    """

    def __init__(self, text: str = "", *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(text, markup=False, id=id)

    def tell(self, content: Content | str) -> None:
        """Show `content`; markup in a plain text is not read."""
        new = Content(content) if isinstance(content, str) else content
        old = self.content
        if not isinstance(old, Content) or not self.size:
            self.update(new)
        elif not old.is_same(new):
            width = self.size.width
            self.update(new, layout=len(old.wrap(width)) != len(new.wrap(width)))
