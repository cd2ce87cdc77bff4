"""Another version of the model serves: what was measured of the one before says nothing of it."""

from sqlalchemy.orm import Session

from db import autopilot, chat_terms, retrainings, trials, versions


class MayNotServe(Exception):
    """The gate did not let this version through; the message says why."""


def promote(session: Session, name: str) -> None:
    """Let it draft from the next ticket on; also how one rolls back. Raise MayNotServe or NoSuchVersion."""
    problem = retrainings.may_serve(session, name)
    if problem:
        raise MayNotServe(f"{problem} Nothing was changed.")
    if name != versions.serving(session):
        autopilot.close_all(session, f"It closed because {name} serves now.")
        chat_terms.close_all(session)
    versions.serve(session, name)
    end_what_is_past(session)


def end_what_is_past(session: Session) -> None:
    """A trial against a version that serves no longer; also asked when the house opens, for the settings may name another."""
    trial = trials.running(session)
    if trial is not None and trial.against != versions.serving(session):
        trials.end(session, trial, f"It ended because {trial.against} no longer serves.")
