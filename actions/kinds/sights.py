"""What the looks of several actions share."""

from datetime import datetime

from actions.kind import Club, Json, Params


def member_of(club: Club, username: str) -> Json | None:
    return next(iter(club.accounts(username=username)), None)


def same_as(club: Club, p: Params) -> tuple[bool | None, str]:
    """Whether the account stands there as stated."""
    username = str(p["username"])
    account = member_of(club, username)
    if account is None:
        return False, f"The club has no account {username}."
    stated = {key: value for key, value in p.items() if key != "username" and value is not None}
    other = [key for key, value in stated.items() if str(account.get(key) or "") != str(value)]
    if not other:
        return True, f"The club has the account {username} just so."
    return False, f"The account {username} has another {other[0].replace('_', ' ')} there."


def is_slot(row: Json, p: Params) -> bool:
    same_start = datetime.fromisoformat(row["start"]) == datetime.fromisoformat(str(p["start"]))
    return same_start and str(row["court"]) == str(p["court"])
