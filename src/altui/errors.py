"""The one exception that altui shows to people."""


class AltuiError(Exception):
    """A refusal or failure that a person can act on.

    `message` says what is wrong and where, `hint` what to do about it.
    Commands print both and exit with status 1; the app shows them as a notice.
    """

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
