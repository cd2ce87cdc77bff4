"""The club that actions go to, by the settings: a real API, or the sandbox of the demo."""

import os
import subprocess
import sys
from pathlib import Path

from actions.ep3bs.club import Ep3Bs, open_ep3bs
from actions.http import HttpClub, open_club
from actions.outcomes import Unreachable
from actions.settings import ActionsSettings
from db import parts
from db.desk import Desk
from db.session import OpenSession
from db.settings import HouseSettings, kept_secret

ROOT = Path(__file__).resolve().parent.parent


def club_of(settings: ActionsSettings, house: HouseSettings, desk: Desk) -> HttpClub | Ep3Bs | None:
    """None rests."""
    if settings.is_ep3bs:
        return open_ep3bs(settings.url, settings.web, desk.timezone)
    if settings.url:
        return open_club(settings.url, settings.token.get_secret_value(), settings.timeout, desk.actions)
    if house.demo:
        token = kept_secret("sandbox", house.var_dir)
        return open_club(f"http://127.0.0.1:{house.port + 1}", token, settings.timeout, desk.actions)
    return None


def start_sandbox(settings: ActionsSettings, house: HouseSettings, desk: Desk) -> subprocess.Popen[bytes] | None:
    """The demo's club as a process of its own, which ends with this one; None where none is wanted."""
    if settings.url or not house.demo:
        return None
    var = house.var_dir
    kept_secret("sandbox", var)
    command = [sys.executable, "-m", "actions.sandbox", "--port", str(house.port + 1)]
    command += ["--database", str(var / "demo" / f"{desk.name}.db"), "--token-file", str(var / "sandbox.secret")]
    command += ["--club", str(desk.folder / "sandbox.toml"), "--parent", str(os.getpid())]
    return subprocess.Popen(command, cwd=ROOT)


def look_at(open_session: OpenSession, club: HttpClub | Ep3Bs) -> bool:
    """The club's lamp in the header."""
    try:
        club.ping()
        state, words = "ok", "answers"
    except Unreachable as problem:
        state, words = "failing", str(problem)
    with open_session() as session:
        parts.report(session, "club", state, words)
    return False
