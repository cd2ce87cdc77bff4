"""The stage `draft`: a loop for each step."""

from collections.abc import Sequence

from ai.autopilot import autopilot_next
from ai.choosing import DeskModel, warm
from ai.drafting import draft_next, shadow_next
from ai.indexing import index_next
from ai.library import Library
from ai.retraining import School
from db import leases
from db.desk import Desk
from db.loop import Loop
from db.session import OpenSession
from db.stages import ROUTINE

LOOK_AT_MODEL = 60.0  # seconds, all of these
LOOK_AT_PAGES = 2.0
LOOK_AT_DRAFTS = 1.0
LOOK_AT_SCHOOL = 1.0


def draft_loops(
    open_session: OpenSession, desk: Desk, model: DeskModel, library: Library, school: School, allowed: Sequence[str]
) -> list[Loop]:
    """`allowed`: addresses inside that pages of the web may be read from."""

    def draft_or_shadow() -> bool:
        """A version on trial drafts only where nobody waits."""
        return draft_next(open_session, desk, model, library) or shadow_next(open_session, desk, model, library)

    def index() -> bool:
        return index_next(open_session, desk, library.embedder, allowed)

    return [
        Loop("draft", draft_or_shadow, routine=ROUTINE),
        Loop("model", lambda: warm(open_session, model), LOOK_AT_MODEL),
        leases.alone(open_session, "library", index, every=LOOK_AT_PAGES),
        Loop("autopilot", lambda: autopilot_next(open_session, desk), LOOK_AT_DRAFTS, routine=ROUTINE),
        Loop("retraining", school.look, LOOK_AT_SCHOOL),
    ]
