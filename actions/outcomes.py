"""How a question or an order to the club can end, other than well."""


class Refused(Exception):
    """The club said no; nothing happened there. `code` is for programs, `detail` for people."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code, self.detail = code, detail


class Unreachable(Exception):
    """The club could not be asked, so nothing happened there."""


class OutcomeUnknown(Exception):
    """The request left, but no answer says what became of it."""
