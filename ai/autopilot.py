"""The autopilot: which drafts it may answer alone. How sure it must be is proven in `ai.proof`."""

import logging
from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

from ai.proof import Case, Fit, prove
from db import autopilot, decisions, logs, looks, tickets, versions
from db.desk import Desk
from db.drafts import PLACEHOLDER, Draft
from db.lifecycle import PROGRAM, Status
from db.models import AutopilotLook, Mail, Ticket
from db.plans import Plan
from db.session import OpenSession

log = logging.getLogger(__name__)
VERIFIED = "verified"


def autopilot_next(open_session: OpenSession, desk: Desk) -> bool:
    """Look at one draft: answer it alone where its category is open and everything speaks for it. False: none waits."""
    names = may_be_open(desk)
    unchecked = [name for name in names if not desk.category(name).action]
    with open_session.reading() as session:
        is_idle = looks.waiting(session, names, unchecked=unchecked) is None
        is_open = any(one.is_open for one in autopilot.categories(session).values())
    if is_idle:
        if is_open:
            with open_session() as session:
                autopilot.close_what_is_worse(session)
        weigh(open_session, names)
        return False
    with open_session() as session:
        autopilot.close_what_is_worse(session)
        ticket = looks.waiting(session, names, unchecked=unchecked)
        if ticket is not None:
            judge(session, ticket)
    return True


def may_be_open(desk: Desk) -> list[str]:
    """Categories that some person might open one day; whether an action is on an account, each plan says."""
    return [one.name for one in desk.categories if not one.needs_human]


def judge(session: Any, ticket: Ticket) -> None:
    terms, found = autopilot.terms(session, hold=True), autopilot.category(session, ticket.category)
    model, features = model_of(ticket), list((ticket.made_by or {}).get("features", ()))
    mail, serves = tickets.newest_question(ticket), is_by_the_serving(session, ticket)
    if found.is_open and serves and model != found.terms["model"]:
        autopilot.close(session, found, "It closed because the model changed.")
    plan = plan_of(ticket, mail)
    why = what_speaks_against(ticket, mail, plan) or ("" if serves else "another version wrote it")
    confidence = float(ticket.confidence or 0.0)
    bound = found.terms if found.is_open else {}
    score = Fit.from_json(bound["fit"])(confidence, features) if bound else None
    is_sure = score is not None and not why and score >= float(bound["threshold"])
    audited = looks.is_audited(ticket.id, terms.audit)
    chosen = "review" if not (is_sure and terms.is_on) else "audit" if audited else "alone"
    looks.look(
        session, ticket, model=model, confidence=confidence, features=features, score=score, why=why, chosen=chosen,
        action=plan.action,
    )  # fmt: skip
    if chosen == "alone":
        decisions.approve(
            session,
            ticket,
            Draft.from_json(ticket.draft),  # type: ignore[arg-type]
            action={"name": plan.action, "params": plan.params, "court": plan.court} if plan.action else None,
            reply_to=plan.to,
            by=f"{looks.SIGNED}{found.by})",
            seen=ticket.version,
            undo_seconds=60 * terms.minutes,
        )
        logs.about(ticket=ticket.id)
        log.info("answered by the autopilot")


def plan_of(ticket: Ticket, mail: Mail | None) -> Plan:
    """Without a club, a reply to whoever wrote last."""
    return Plan.from_json(ticket.plan) if ticket.plan else Plan("", {}, mail.from_email if mail else "")


def is_by_the_serving(session: Any, ticket: Ticket) -> bool:
    """Not by a version on trial, one that a colleague asked for, or the local model instead of a server."""
    made_by = ticket.made_by or {}
    wrote = str(made_by.get("adapter") or versions.BASE_ALONE)
    serving = versions.serving(session)
    return "instead_of" not in made_by and ("server" in made_by or not serving or wrote == serving)


def was_in_hand(ticket: Ticket) -> bool:
    """Whether anybody but the program has moved it: withdrawn, reopened, asked for another draft."""
    return any(one.what == "moved" and one.actor != PROGRAM for one in ticket.events)


def what_speaks_against(ticket: Ticket, mail: Mail | None, plan: Plan) -> str:
    """Why a person must sign this one, whatever the number says; "" where nothing does."""
    reply = str((ticket.draft or {}).get("reply", ""))
    reasons = [
        (
            ticket.status != Status.IN_REVIEW or ticket.answer is not None or was_in_hand(ticket),
            "a person has it in hand",
        ),
        (mail is None or mail.identity != VERIFIED, "its sender is not verified"),
        (mail is not None and mail.orders != "", "it talks to the program"),
        (ticket.needs_human, "it needs a human"),
        (ticket.spam != "", "it may be spam"),
        (plan.on_account, "actions on accounts are a person's"),
        (bool(plan.blocked or plan.doubt), "it cannot be signed as it stands"),
        (any(check.ok is not True for check in plan.checks), "one of its checks did not pass"),
        (not reply.strip() or not plan.to, "it has no reply"),
        (mail is not None and plan.to.lower() != mail.from_email.lower(), "its reply goes to somebody else"),
        (bool(PLACEHOLDER.search(reply)) and not plan.action, "its reply waits for an action"),
        (mail is not None and bool(mail.attachments), "it brings files"),
        (any(one.outgoing for one in ticket.mails), "it goes on with a conversation"),
        (
            any(one.get("kind") == "answer" for one in (ticket.made_by or {}).get("sources", ())),
            "another customer's answer went into it",
        ),
    ]
    return next((words for is_so, words in reasons if is_so), "")


def model_of(ticket: Ticket) -> str:
    """Everything that the confidence depends on."""
    made_by = ticket.made_by or {}
    return "|".join(str(made_by.get(name, "")) for name in ("base", "adapter", "prompt", "precision", "calibration"))[
        :300
    ]


def weigh(open_session: OpenSession, names: Sequence[str]) -> None:
    """Work the evidence out anew, where decisions have come: read, think, and only then write."""
    found: dict[str, tuple[list[Case], dict[str, Any]]] = {}
    with open_session.reading() as session:
        error, all_known = autopilot.terms(session).error, autopilot.categories(session)
        for name in names:
            newest, known = looks.newest_decided(session, name), all_known.get(name)
            stamp = [newest.id, str(newest.decided_at), error] if newest else []
            if newest is None or (known is not None and known.evidence.get("stamp") == stamp):
                continue
            anew = datetime.fromisoformat(str(known.terms["anew"])) if known and known.terms.get("anew") else None
            rows = looks.decided(session, name, newest.model, since=anew)
            found[name] = [case_of(one) for one in rows], {"model": newest.model, "error": error, "stamp": stamp}
    for name, (cases, of_what) in found.items():
        proof = prove(cases, error, tests=len(names))
        with open_session() as session:
            autopilot.category(session, name).evidence = {**asdict(proof), **of_what}


def case_of(row: AutopilotLook) -> Case:
    return Case(row.confidence, tuple(map(float, row.features)), bool(row.right))
