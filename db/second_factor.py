"""The second factor: a code of six digits that an app on a phone makes anew every 30 seconds (TOTP, RFC 6238)."""

import secrets
import time
from collections.abc import Sequence

import pyotp
from sqlalchemy.orm import Session

from db import desk_settings
from db.models import Person
from db.vault import Vault

STEP = 30  # seconds
ISSUER = "Courtdesk"
NAME = "second factor"


class WrongCode(Exception):
    """The code is not the one of now, or was used already."""


def offer() -> str:
    """A fresh secret, in Base32."""
    return pyotp.random_base32()


def address_of(secret: str, person: Person) -> str:
    """What the app reads from the picture."""
    return pyotp.TOTP(secret).provisioning_uri(name=person.email, issuer_name=ISSUER)


def enrol(person: Person, secret: str, code: str, vault: Vault) -> None:
    """The app shows the right code: from now on it is asked for. Raise WrongCode."""
    person.totp_last = step_of(secret, code, 0)
    person.totp = vault.shut(secret)


def check(person: Person, code: str, vault: Vault) -> None:
    """Raise WrongCode. A code counts once, and one step early or late."""
    person.totp_last = step_of(vault.open(person.totp), code, person.totp_last)


def step_of(secret: str, code: str, last: int) -> int:
    digits, now = "".join(code.split()), int(time.time()) // STEP
    made = pyotp.TOTP(secret)
    for step in (now - 1, now, now + 1):
        if step > last and secrets.compare_digest(made.generate_otp(step), digits.rjust(6)):
            return step
    raise WrongCode("This code is not the one that the app shows now. Look at the app again.")


def give_up(person: Person) -> None:
    person.totp, person.totp_last = "", 0


def demanded_of(session: Session) -> list[str]:
    """Roles that may do nothing without one."""
    return list(desk_settings.stored(session, NAME).get("roles", ()))


def demand(session: Session, roles: Sequence[str]) -> None:
    desk_settings.store(session, NAME, {"roles": list(roles)})
