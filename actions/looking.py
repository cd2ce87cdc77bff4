"""Did it happen? What the club shows, read-only, of an action whose outcome nobody knows."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from actions.planning import Club, Json

CANNOT_SEE = "The club does not show whether this happened: ask there."


def look(club: Club, action: str, params: Mapping[str, Any]) -> tuple[bool | None, str]:
    """Whether it happened, as far as it shows, and in words. Raise Unreachable."""
    if action in ("create_account", "update_account", "delete_account"):
        return look_at_account(club, action, params)
    if action in ("create_booking", "cancel_booking", "move_booking"):
        return look_at_booking(club, action, params)
    return None, CANNOT_SEE


def look_at_account(club: Club, action: str, params: Mapping[str, Any]) -> tuple[bool | None, str]:
    username = str(params["username"])
    account = next(iter(club.accounts(username=username)), None)
    if action == "delete_account":
        gone = account is None or account["status"] != "active"
        return gone, f"The club {'has no' if gone else 'still has an'} active account {username}."
    if account is None:
        return False, f"The club has no account {username}."
    stated = {key: value for key, value in params.items() if key != "username" and value is not None}
    other = [key for key, value in stated.items() if str(account.get(key) or "") != str(value)]
    if not other:
        return True, f"The club has the account {username} just so."
    return False, f"The account {username} has another {other[0].replace('_', ' ')} there."


def look_at_booking(club: Club, action: str, params: Mapping[str, Any]) -> tuple[bool | None, str]:
    start = datetime.fromisoformat(str(params["start"]))
    if action == "create_booking":
        there = [row for row in club.bookings(username=str(params["username"]), start=start) if is_slot(row, params)]
        return bool(there), f"The club {'has' if there else 'does not have'} that booking."
    found = [row for row in club.bookings(start=start) if row["id"] == params["booking_id"]]
    if action == "cancel_booking":
        return (
            not found,
            f"Booking {params['booking_id']} {'still stands' if found else 'no longer stands'} at the club.",
        )
    moved = any(is_slot(row, params) for row in found)
    return moved, f"Booking {params['booking_id']} {'has' if moved else 'has not'} that slot at the club."


def is_slot(row: Json, params: Mapping[str, Any]) -> bool:
    same_start = datetime.fromisoformat(row["start"]) == datetime.fromisoformat(str(params["start"]))
    return same_start and str(row["court"]) == str(params["court"])
