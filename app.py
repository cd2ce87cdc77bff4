"""The roof: builds every part, joins them, starts the loops. It holds no rule.

fastapi run app.py
"""

import gc
import logging
import os
import signal
import sys
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from types import FrameType
from typing import Any

from fastapi import FastAPI

from actions.checking import check_next
from actions.choosing import club_of, look_at, start_sandbox
from actions.counter import Counter
from actions.dispatch import act_next
from actions.ep3bs.club import Ep3Bs
from actions.http import HttpClub
from actions.settings import ActionsSettings
from actions.webhooks import deliver_next
from ai.autopilot import autopilot_next
from ai.chat import ChatDesk
from ai.choosing import DeskModel, chosen_model, signed_in, warm
from ai.drafting import draft_next, shadow_next
from ai.library import Library, follow_pages, index_next
from ai.model.client import LocalModel
from ai.playground import Playground
from ai.registry import know_versions
from ai.retraining import School
from ai.settings import ModelSettings
from ai.triage import Triage
from connectors.choosing import Outgoing
from connectors.codes import code_next
from connectors.demo import DEMO_SERVER
from connectors.intake import read_next
from connectors.letters import letter_next
from connectors.mailboxes import Office
from connectors.notices import notice_next
from connectors.reading import Reader
from connectors.replies import reply_next
from connectors.settings import MailSettings, SmtpSettings
from connectors.supervision import Mailboxes
from dashboard.deps import House
from dashboard.live import Watcher
from dashboard.oidc import provider_of
from dashboard.pages import add_pages, make_templates
from dashboard.settings import DashboardSettings
from db import chat_terms, chats, leases, logs, parts, people, retention, traces, triage
from db.desk import Desk, UnusableDesk, load_desk
from db.loop import Loop, end_all
from db.migrate import BrokenReferences, NewerDatabase, migrate
from db.outbox import LostLease
from db.session import OpenSession, open_database
from db.settings import HouseSettings, WrongSetting, kept_secret, read_settings
from db.targets import tell_overdue
from db.tickets import StaleTicket
from db.trail import seal_next
from db.vault import Vault

log = logging.getLogger("courtdesk")
LOOK_AT_MODEL = 60
LOOK_AT_STORED = 0.2  # seconds, all of these
LOOK_AT_MAILBOXES = 5
LOOK_AT_CLUB = 15
SEAL_EVERY = 1
LOOK_AT_DUE = 30
LOOK_AT_BOOKS = 3600
LOOK_AT_PAGES = 2
LOOK_AT_EVIDENCE = 30
LOOK_AT_DRAFTS = 1
ROUTINE = (StaleTicket, LostLease)  # somebody else was first; look again


@dataclass
class Settings:
    """All floors' settings, read once."""

    house: HouseSettings
    mail: MailSettings
    smtp: SmtpSettings
    model: ModelSettings
    actions: ActionsSettings
    dashboard: DashboardSettings


@dataclass
class Built:
    """Every part of the house, built once."""

    settings: Settings
    desk: Desk
    open_session: OpenSession
    club: HttpClub | Ep3Bs | None
    model: DeskModel
    vault: Vault
    outgoing: Outgoing
    school: School
    asking: DeskModel | None  # for drafts without a ticket, on a line of its own
    library: Library
    visitors: ChatDesk | None
    playground: Playground | None
    lines: list[LocalModel]  # to the engine here: whoever else asks has one of their own


def read_all() -> Settings:
    return Settings(
        read_settings(HouseSettings),
        read_settings(MailSettings),
        read_settings(SmtpSettings),
        read_settings(ModelSettings),
        read_settings(ActionsSettings),
        read_settings(DashboardSettings),
    )


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    """Open everything when the server starts, close it when it stops."""
    try:
        settings = read_all()
        desk = load_desk(settings.house.desk)
        stages = settings.house.chosen_stages  # a wrong one stops the start
        open_session = open_database(settings.house.database_url)
        migrate(open_session)
    except (WrongSetting, UnusableDesk, NewerDatabase, BrokenReferences) as problem:
        print(f"Courtdesk cannot start. {problem}", file=sys.stderr, flush=True)
        os._exit(2)  # one line, no traceback
    house = settings.house
    logs.set_up(house.log_level, house.log_format)
    traces.set_up(house.otel_exporter_otlp_endpoint, house.otel_service_name, kept_secret("traces", house.var_dir))

    sandbox = start_sandbox(settings.actions, settings.house, desk)
    built = build(settings, desk, open_session)
    rest_what_is_missing(open_session, settings, built.outgoing)
    welcome(open_session, settings)

    watcher = Watcher(open_session)
    app.state.watcher = watcher
    app.state.house = house_of(built)
    loops = [loop for stage in stages for loop in LOOPS[stage](built)] + house_loops(built)
    before_stopping(watcher.stop, *(loop.stop for loop in loops))
    threading.Thread(target=watcher.run, name="watcher", daemon=True).start()
    share_the_interpreter()
    for loop in loops:
        loop.start()
    yield
    watcher.stop()
    for line in built.lines:
        line.close()
    for line in built.lines:  # a draft under way is nothing signed: it is begun anew at the next start
        line.stop()
    built.school.stop()
    end_all(loops)
    traces.close()
    if sandbox is not None:
        sandbox.terminate()


def build(settings: Settings, desk: Desk, open_session: OpenSession) -> Built:
    adapter = know_versions(open_session, settings.model, desk, settings.house.var_dir)
    follow_pages(open_session, desk)
    stated = settings.model
    drafting, asking, finding, chatting = lines = [
        LocalModel(desk, stated.base, adapter, settings.house.var_dir, stated.threads, ranker=stated.ranker)
        for _ in range(4)
    ]
    drafting.signed = signed_in(open_session)
    library = Library(open_session, finding, finding if stated.ranker else None)
    # A server elsewhere may be asked from anywhere; a model of our own only where it is loaded anyway.
    talks = "draft" in settings.house.chosen_stages or bool(stated.urls)
    visitors = ChatDesk(open_session, desk, chosen_model(stated, desk, chatting), library)
    vault = Vault(settings.house.var_dir)
    secret = kept_secret("pseudonyms", settings.house.var_dir)
    return Built(
        settings=settings,
        desk=desk,
        open_session=open_session,
        club=club_of(settings.actions, settings.house, desk),
        model=chosen_model(stated, desk, drafting),
        vault=vault,
        outgoing=Outgoing(desk, settings.smtp, settings.mail, open_session, vault, settings.house.demo),
        asking=chosen_model(stated, desk, asking) if talks else None,
        library=library,
        visitors=visitors if talks else None,
        playground=Playground(open_session, desk, chatting, library) if talks else None,
        lines=lines,
        school=School(open_session, desk, stated, settings.house.var_dir, secret),
    )


def house_of(built: Built) -> House:
    """What the pages need of all this."""
    house = built.settings.house
    return House(
        desk=built.desk,
        open_session=built.open_session,
        pre_check=Counter(built.desk, built.club) if built.club else None,
        templates=make_templates(),
        undo_seconds=house.undo_seconds,
        secure_cookies=house.public_url.startswith("https://"),
        demo=house.demo,
        mail_office=Office(
            built.open_session, built.settings.mail, built.vault, f"{house.public_url}/mailboxes/consent"
        ),
        vault=built.vault,
        sending=built.outgoing,
        has_own_mailbox=bool(built.settings.mail.host),
        provider=provider_of(built.settings.dashboard, house.public_url),
        triage=Triage(built.open_session, built.desk, built.asking, built.library) if built.asking else None,
        finder=built.library,
        visitors=built.visitors,
        playground=built.playground,
        chat_origins=built.settings.dashboard.origins,
        secret=built.school.secret,
        lan_allow=house.allowed_inside,
    )


def before_stopping(*acts: Callable[[], None]) -> None:
    """The server waits for open streams before it stops anything, so they must hear of it first; nor is anything begun."""
    if threading.current_thread() is not threading.main_thread():
        return
    for number in (signal.SIGTERM, signal.SIGINT):
        before = signal.getsignal(number)

        def both(got: int, frame: FrameType | None, before: Any = before) -> None:
            for act in acts:
                act()
            if callable(before):
                before(got, frame)

        signal.signal(number, both)


def share_the_interpreter() -> None:
    """One lock, many threads: who waits for a server gets it back after a millisecond; what lives on is not swept again."""
    sys.setswitchinterval(0.001)
    gc.collect()
    gc.freeze()
    gc.set_threshold(5000, 20, 20)


def house_loops(built: Built) -> list[Loop]:
    """What every process looks after."""
    trail_key = kept_secret("trail", built.settings.house.var_dir).encode()
    return [
        Loop("trail", lambda: seal_next(built.open_session, trail_key), SEAL_EVERY),
        Loop("due", lambda: tell_overdue(built.open_session), LOOK_AT_DUE),
        Loop("books", lambda: triage.forget_old(built.open_session), LOOK_AT_BOOKS),
        Loop("retention", lambda: retention.let_go_next(built.open_session), LOOK_AT_BOOKS),
        Loop("chats", lambda: chats.forget_old(built.open_session), LOOK_AT_BOOKS),
        Loop("chat evidence", lambda: chat_terms.close_what_no_longer_holds(built.open_session), LOOK_AT_EVIDENCE),
    ]


def mail_loops(built: Built) -> list[Loop]:
    mail, demo = built.settings.mail, built.settings.house.demo
    reader = Reader(trusted=mail.authserv_id or (DEMO_SERVER if demo and not mail.host else ""), dns=mail.dns)
    boxes = Mailboxes(
        built.open_session,
        mail,
        built.vault,
        built.desk.folder / "demo" if demo else None,
        built.outgoing.mailer,
        built.settings.dashboard.admin_email,
    )
    return [
        # one process reads, so that a mail and its answer are read in their order
        leases.alone(
            built.open_session, "reading", lambda: read_next(built.open_session, reader, mail), every=LOOK_AT_STORED
        ),
        Loop("mailboxes", boxes.look, LOOK_AT_MAILBOXES, close=boxes.close),
    ]


def draft_loops(built: Built) -> list[Loop]:
    loops = [
        Loop("draft", lambda: draft_or_shadow(built), routine=ROUTINE),
        Loop("model", lambda: warm(built.open_session, built.model), LOOK_AT_MODEL),
    ]
    club = built.club
    if club is not None:
        loops.append(Loop("check", lambda: check_next(built.open_session, built.desk, club), routine=ROUTINE))
    allowed, library = built.settings.house.allowed_inside, built.library
    loops.append(
        leases.alone(
            built.open_session,
            "library",
            lambda: index_next(built.open_session, built.desk, library.embedder, allowed),
            every=LOOK_AT_PAGES,
        )
    )
    loops.append(
        Loop(
            "autopilot",
            lambda: autopilot_next(built.open_session, built.desk),
            LOOK_AT_DRAFTS,
            routine=ROUTINE,
        )
    )
    loops.append(Loop("retraining", built.school.look, SEAL_EVERY))
    return loops


def draft_or_shadow(built: Built) -> bool:
    """A version on trial drafts only where nobody waits."""
    asked = (built.open_session, built.desk, built.model)
    return draft_next(*asked, built.library) or shadow_next(*asked, built.library)


def act_loops(built: Built) -> list[Loop]:
    club, allowed = built.club, built.settings.house.allowed_inside
    loops = [
        Loop("act", lambda: act_next(built.open_session, built.desk, club), routine=ROUTINE),
        Loop("webhooks", lambda: deliver_next(built.open_session, built.vault, allowed)),
    ]
    if club is not None:
        loops.append(Loop("club", lambda: look_at(built.open_session, club), LOOK_AT_CLUB))
    return loops


def reply_loops(built: Built) -> list[Loop]:
    open_session, desk, through = built.open_session, built.desk, built.outgoing.through
    form, public_url = built.settings.smtp, built.settings.house.public_url
    return [
        Loop("reply", through(lambda mailer: reply_next(open_session, desk, mailer, form)), routine=ROUTINE),
        Loop("code", through(lambda mailer: code_next(open_session, desk, mailer)), routine=ROUTINE),
        Loop("letter", through(lambda mailer: letter_next(open_session, desk, mailer)), routine=ROUTINE),
        Loop(
            "notices",
            through(lambda mailer: notice_next(open_session, desk, mailer, public_url)),
            LOOK_AT_DUE,
        ),
    ]


# One thread for each step of a stage that this process is to run and that has its other side.
LOOPS: dict[str, Callable[[Built], list[Loop]]] = {
    "web": lambda _: [],
    "mail": mail_loops,
    "draft": draft_loops,
    "act": act_loops,
    "reply": reply_loops,
}


def rest_what_is_missing(open_session: OpenSession, settings: Settings, outgoing: Outgoing) -> None:
    """Parts that nobody configured rest, and the header says so."""
    configured = {
        "mail": True,
        "reply": outgoing.mailer() is not None,
        "club": settings.actions.url or settings.house.demo,
        "model": True,
    }
    words = {"reply": "no server for replies is named", "club": "ACTIONS_URL is not set"}
    with open_session() as session:
        for name, there in configured.items():
            if not there:
                parts.report(session, name, "resting", words[name])
            else:
                parts.report(session, name, "ok", "starting")


def welcome(open_session: OpenSession, settings: Settings) -> None:
    """Make the first admin, or print how to become one."""
    email, password = settings.dashboard.admin_email, settings.dashboard.admin_password.get_secret_value()
    with open_session() as session:
        if settings.house.demo and not email:
            email, password = "demo@courtdesk.example", kept_secret("demo-password", settings.house.var_dir)
        if people.is_empty(session) and email:
            people.add_person(session, email, password, role="admin")
        if people.is_empty(session):
            link = f"{settings.house.public_url}/set-up/{people.offer_set_up(session)}"
            print(f"\n  Nobody can sign in yet. Open this one-time link: {link}\n", flush=True)
    if settings.house.demo:
        address = f"http://127.0.0.1:{settings.house.port}"
        print(f"\n  Courtdesk: {address}\n  Sign in as {email} with {password}\n", flush=True)


app = FastAPI(title="Courtdesk", version="0.1.0", lifespan=lifespan, docs_url=None, redoc_url=None, openapi_url=None)
add_pages(app)
