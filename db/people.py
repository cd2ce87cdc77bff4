"""Who may sit at the desk: people, their browsers, and keys for programs."""

import hashlib
import secrets
from collections.abc import Sequence
from datetime import timedelta

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerifyMismatchError
from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from db.models import ApiKey, Person, SetUp, SignIn, now

IDLE = timedelta(hours=8)
ABSOLUTE = timedelta(days=7)
SHORTEST_PASSWORD = 10
HASHER = PasswordHasher()
NOBODY = HASHER.hash(secrets.token_hex(16))  # so that an unknown address takes as long as a wrong password


class WrongPassword(Exception):
    """Unknown address or wrong password; the message does not say which."""


class UnusablePerson(Exception):
    """The address or the password will not do; the message says why."""


def add_person(session: Session, email: str, password: str, *, name: str = "", role: str = "agent") -> Person:
    if "@" not in email:
        raise UnusablePerson("The mail address needs an @.")
    if len(password) < SHORTEST_PASSWORD:
        raise UnusablePerson(f"The password needs at least {SHORTEST_PASSWORD} characters.")
    person = Person(email=email.strip().lower(), name=name, role=role, password_hash=HASHER.hash(password))
    session.add(person)
    session.flush()
    return person


def named(session: Session, email: str) -> Person:
    """Raise UnusablePerson where nobody has that address."""
    person = session.scalar(select(Person).where(Person.email == email.strip().lower()))
    if person is None:
        raise UnusablePerson(f"Nobody here has the address {email}.")
    return person


def everybody(session: Session) -> Sequence[Person]:
    return session.scalars(select(Person).order_by(Person.name, Person.email)).all()


def is_empty(session: Session) -> bool:
    return not session.scalar(select(func.count()).select_from(Person))


def sign_in(session: Session, email: str, password: str) -> str:
    """Return the cookie's token. Raise WrongPassword."""
    person = session.scalar(select(Person).where(Person.email == email.strip().lower()))
    try:
        HASHER.verify(person.password_hash if person else NOBODY, password)
    except (VerifyMismatchError, InvalidHashError) as error:
        raise WrongPassword("This address and password do not belong together.") from error
    if person is None:
        raise WrongPassword("This address and password do not belong together.")
    token = secrets.token_urlsafe(32)
    session.execute(delete(SignIn).where(SignIn.created_at < now() - ABSOLUTE))
    session.add(SignIn(token_hash=digest(token), person_id=person.id))
    return token


def sign_out(session: Session, token: str) -> None:
    session.execute(delete(SignIn).where(SignIn.token_hash == digest(token)))


def signed_in(session: Session, token: str) -> Person | None:
    """Who sits at the browser with this cookie; None where it is unknown or too old."""
    found = session.get(SignIn, digest(token))
    if found is None or found.created_at < now() - ABSOLUTE or found.seen_at < now() - IDLE:
        return None
    return found.person


def is_worth_a_touch(session: Session, token: str) -> bool:
    """Whether a minute has passed since the browser was last noted as used: a write a minute is enough."""
    found = session.get(SignIn, digest(token))
    return found is not None and found.seen_at < now() - timedelta(minutes=1)


def touch(session: Session, token: str) -> None:
    """Keep a browser signed in while it is used."""
    found = session.get(SignIn, digest(token))
    if found is not None:
        found.seen_at = now()


def offer_set_up(session: Session) -> str:
    """A fresh one-time token for the first admin."""
    token = secrets.token_urlsafe(24)
    session.execute(delete(SetUp))
    session.add(SetUp(token_hash=digest(token)))
    return token


def may_set_up(session: Session, token: str) -> bool:
    return is_empty(session) and session.get(SetUp, digest(token)) is not None


def set_up(session: Session, token: str, email: str, password: str) -> Person:
    """Make the first admin. Raise UnusablePerson."""
    if not may_set_up(session, token):
        raise UnusablePerson("This link has been used or replaced. A restart prints a new one.")
    person = add_person(session, email, password, role="admin")
    session.execute(delete(SetUp))
    return person


def add_key(session: Session, name: str, scopes: Sequence[str]) -> str:
    """Make an API key and return it; only its hash is kept."""
    key = f"cd_{secrets.token_urlsafe(32)}"
    session.add(ApiKey(name=name, key_hash=digest(key), scopes=list(scopes)))
    return key


def key_of(session: Session, key: str) -> ApiKey | None:
    return session.scalar(select(ApiKey).where(ApiKey.key_hash == digest(key)))


def digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
