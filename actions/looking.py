"""Did it happen? What the club shows, read-only, of an action whose outcome nobody knows."""

from actions.catalog import CATALOG
from actions.kind import Club, Params, cannot_see


def look(club: Club, action: str, params: Params) -> tuple[bool | None, str]:
    """Whether it happened, as far as it shows, and in words. Raise Unreachable."""
    return (CATALOG[action].look if action in CATALOG else cannot_see)(club, params)
