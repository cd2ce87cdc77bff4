"""The stage `act`, and what the stage `draft` asks the club: a loop for each step that has its other side."""

from collections.abc import Sequence

from actions.checking import check_next
from actions.choosing import look_at
from actions.dispatch import act_next
from actions.ep3bs.club import Ep3Bs
from actions.http import HttpClub
from actions.webhooks import deliver_next
from db.desk import Desk
from db.loop import Loop
from db.session import OpenSession
from db.stages import ROUTINE
from db.vault import Vault

LOOK_AT_CLUB = 15.0  # seconds


def act_loops(
    open_session: OpenSession, desk: Desk, club: HttpClub | Ep3Bs | None, vault: Vault, allowed: Sequence[str]
) -> list[Loop]:
    """`allowed`: addresses inside that webhooks may reach."""
    loops = [
        Loop("act", lambda: act_next(open_session, desk, club), routine=ROUTINE),
        Loop("webhooks", lambda: deliver_next(open_session, vault, allowed)),
    ]
    if club is not None:
        loops.append(Loop("club", lambda: look_at(open_session, club), LOOK_AT_CLUB))
    return loops


def check_loops(open_session: OpenSession, desk: Desk, club: HttpClub | Ep3Bs | None) -> list[Loop]:
    """What a draft proposes is held against the club as it is."""
    return [Loop("check", lambda: check_next(open_session, desk, club), routine=ROUTINE)] if club is not None else []
