"""The roof: builds every part, joins them, starts the loops. It holds no rule.

fastapi run app.py
"""

import os
import sys
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from fastapi import FastAPI

from actions.choosing import club_of, start_sandbox
from actions.counter import Counter
from actions.ep3bs.club import Ep3Bs
from actions.http import HttpClub
from actions.settings import ActionsSettings
from actions.stages import act_loops, check_loops
from ai.chat import ChatDesk
from ai.choosing import DeskModel, chosen_model, signed_in
from ai.indexing import follow_pages
from ai.library import Library
from ai.model.client import LocalModel
from ai.playground import Playground
from ai.registry import know_versions
from ai.retraining import School
from ai.settings import ModelSettings
from ai.stages import draft_loops
from ai.triage import Triage
from connectors.choosing import Outgoing
from connectors.mailboxes import Office
from connectors.settings import MailSettings, SmtpSettings
from connectors.stages import mail_loops, reply_loops
from dashboard.deps import House
from dashboard.live import Watcher
from dashboard.oidc import provider_of
from dashboard.pages import add_pages, make_templates
from dashboard.settings import DashboardSettings
from dashboard.welcome import welcome, welcome_to_demo
from db import logs, parts, traces
from db.desk import Desk, UnusableDesk, load_desk
from db.loop import Loop, end_all
from db.migrate import BrokenReferences, NewerDatabase, migrate
from db.process import before_stopping, share_the_interpreter
from db.session import OpenSession, open_database
from db.settings import HouseSettings, WrongSetting, kept_secret, read_settings
from db.stages import house_loops
from db.vault import Vault


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
    greet(open_session, settings)

    watcher = Watcher(open_session)
    app.state.watcher = watcher
    app.state.house = house_of(built)
    trail_key = kept_secret("trail", house.var_dir).encode()
    loops = [loop for stage in stages for loop in loops_of(stage, built)] + house_loops(open_session, trail_key)
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


def loops_of(stage: str, built: Built) -> list[Loop]:
    """One thread for each step of a stage that this process is to run and that has its other side."""
    settings, open_session, desk, club = built.settings, built.open_session, built.desk, built.club
    house, outgoing, admin = settings.house, built.outgoing, settings.dashboard.admin_email
    if stage == "mail":
        demo = desk.folder / "demo" if house.demo else None
        return mail_loops(open_session, settings.mail, built.vault, outgoing, demo, admin)
    if stage == "draft":
        model, library, school = built.model, built.library, built.school
        drafting = draft_loops(open_session, desk, model, library, school, house.allowed_inside)
        return [*drafting, *check_loops(open_session, desk, club)]
    if stage == "act":
        return act_loops(open_session, desk, club, built.vault, house.allowed_inside)
    if stage == "reply":
        return reply_loops(open_session, desk, outgoing, settings.smtp, house.public_url)
    return []  # the pages answer as they are asked


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


def greet(open_session: OpenSession, settings: Settings) -> None:
    house, email = settings.house, settings.dashboard.admin_email
    password = settings.dashboard.admin_password.get_secret_value()
    if not house.demo:
        return welcome(open_session, email, password, house.public_url)
    if not email:
        email, password = "demo@courtdesk.example", kept_secret("demo-password", house.var_dir)
    return welcome_to_demo(open_session, email, password, house.public_url, house.port)


app = FastAPI(title="Courtdesk", version="0.1.0", lifespan=lifespan, docs_url=None, redoc_url=None, openapi_url=None)
add_pages(app)
