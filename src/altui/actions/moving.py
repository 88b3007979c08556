"""What keys do in lists and dialogs, whichever screen they are on. No command is behind them,
so neither footer nor palette has them.
"""

from altui.actions.action import Action

LISTS = (
    Action("up", "up", "", "up in a list", ("list",), run="cursor_up"),
    Action("down", "down", "", "down in a list", ("list",), run="cursor_down"),
    Action("page_up", "pageup", "", "a page up", ("list",), run="page_up"),
    Action("page_down", "pagedown", "", "a page down", ("list",), run="page_down"),
    Action("first", "home", "", "to the first line", ("list",), run="scroll_top"),
    Action("last", "end", "", "to the last line", ("list",), run="scroll_bottom"),
)

DIALOGS = (
    Action("yes", "y", "", "yes, in a question", ("dialog",), run="answer(True)"),
    Action("no", "n", "", "no, in a question", ("dialog",), run="answer(False)"),
)
