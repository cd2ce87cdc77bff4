"""A decision that cannot be taken as it stands."""


class Refusal(Exception):
    """The message is the reason, for the person who asked."""
