"""A weekly series of bookings: each date with whether it is free, before anybody signs anything."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from actions.kind import Club
from actions.planning import USUAL_MINUTES, court_named
from actions.stated import CannotPlan, Stated
from db.desk import Desk
from db.plans import Occurrence

WEEK = timedelta(days=7)
MOST = 60  # dates of one series


def occurrences(details: Mapping[str, str], desk: Desk, club: Club) -> tuple[str, list[Occurrence]]:
    """The court's name, and a slot a week from `date` until `until`. Raise CannotPlan in words, Unreachable.

    `details`: username, court, date, until, time, duration_minutes.
    """
    stated = Stated(details, desk.timezone)
    first, last = stated.moment("date", "time"), stated.day("until")
    if first is None or last is None:
        raise CannotPlan("say the first day, the time, and the last day")
    if last < first.date():
        raise CannotPlan("the last day lies before the first")
    count = (last - first.date()).days // 7 + 1
    if count > MOST:
        raise CannotPlan(f"{count} dates are more than {MOST}: make it shorter")
    court = court_named(club, details.get("court", ""))
    username = details.get("username", "")
    if not username or not club.accounts(username=username):  # no name asks for all
        raise CannotPlan(f"the club knows no account {username}".rstrip())
    length = timedelta(minutes=stated.minutes() or USUAL_MINUTES)
    # In local time: a series at six stays at six when the clocks change.
    starts = [datetime.combine(first.date() + i * WEEK, first.time(), tzinfo=desk.timezone) for i in range(count)]
    taken = [
        (datetime.fromisoformat(row["start"]), datetime.fromisoformat(row["end"]), str(row["username"]))
        for row in club.bookings(start=starts[0], end=starts[-1] + length)
        if str(row["court"]) == str(court["id"])
    ]
    found = []
    for start in starts:
        by = next((who for begins, ends, who in taken if begins < start + length and start < ends), "")
        params = {
            "username": username,
            "court": str(court["id"]),
            "start": start.isoformat(),
            "end": (start + length).isoformat(),
        }
        found.append(Occurrence(params, not by, f"taken by {by}" if by else "free"))
    return str(court["name"]), found
