"""The club that one mail of make replay supposes: its sender's account and booking, and every court free."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from actions.checking import fitting, make_plan
from actions.kind import Json
from db.desk import Desk
from db.drafts import Draft
from db.plans import Asked, Plan

NUMBER = 48213  # of a booking where the mail says none


@dataclass(frozen=True)
class SupposedClub:
    """It knows the account that is right for the mail by its user name, but nobody by an address; an account that is to be opened,

    nobody has. The booking is the one that is right for the mail.
    """

    row: dict[str, Any]
    right: Draft
    desk: Desk

    def accounts(self, *, username: str = "", email: str = "") -> list[Json]:
        is_there = username and username == self.right.username and self.right.category != "create_account"
        from_email = self.row["mail"]["from_email"]
        return [{"username": username, "full_name": "", "email": from_email, "status": "active"}] if is_there else []

    def courts(self) -> list[Json]:
        said = [self.right.details[key] for key in ("court", "new_court") if key in self.right.details]
        return [{"id": name, "name": name} for name in (*said, "Court 9")]

    def bookings(self, *, username: str = "", start: datetime, end: datetime | None = None) -> list[Json]:
        if not username:
            return []
        said = self.right.details
        day = (
            said.get("date")
            or (datetime.fromisoformat(self.row["mail"]["date"]) + timedelta(days=3)).date().isoformat()
        )
        begins = datetime.fromisoformat(f"{day}T{said.get('time', '10:00')}").replace(tzinfo=self.desk.timezone)
        number = "".join(filter(str.isdigit, said.get("booking_ref", ""))) or str(NUMBER)
        ends = begins + timedelta(hours=1)
        return [
            {"id": int(number), "court": self.courts()[0]["id"], "start": begins.isoformat(), "end": ends.isoformat()}
        ]

    def looked_into(self, draft: Draft) -> Draft:
        """The draft as the desk's look into this club leaves it: it asks for what the mail does not say."""
        asked, plan = self.plan(draft)
        other, _ = fitting(asked, plan, self.desk, self.row["lang"])
        return draft.with_reply(other) if other else draft

    def can_be_done(self) -> bool:
        """Whether there is an action that brings about what the right reply reports."""
        return not self.right.placeholders or bool(self.plan(self.right)[1].action)

    def question(self) -> str:
        """What the desk asks for in its own words where nothing can be done for this mail yet, else ""."""
        _, plan = self.plan(self.right)
        asks = self.desk.asks.get(self.row["lang"], {}).get(plan.missing, "")
        return "" if self.right.placeholders else asks

    def plan(self, draft: Draft) -> tuple[Asked, Plan]:
        asked = Asked(
            draft.category, draft.username, dict(draft.details), draft.reply, self.row["mail"]["from_email"], "verified"
        )
        return asked, make_plan(asked, self.desk, self)
