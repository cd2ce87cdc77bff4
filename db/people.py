"""Who may sit at the desk: people, their browsers, and keys for programs."""

import hashlib
import secrets
from collections.abc import Sequence
from datetime import timedelta

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerifyMismatchError
from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session
from zxcvbn import zxcvbn

from db.models import ApiKey, Invitation, Person, SetUp, SignIn, now

IDLE = timedelta(hours=8)
ABSOLUTE = timedelta(days=7)
INVITED_FOR = timedelta(days=3)
LONGEST_TEAM = 40
SHORTEST_PASSWORD = 10
LONGEST_JUDGED = 72  # characters: zxcvbn takes long over more
LEAST_SCORE = 2  # of 0 to 4: more than a hundred million guesses
ROLES = ("admin", "lead", "agent", "viewer")
HASHER = PasswordHasher()
NO_PASSWORD = "!"  # which no password ever is
NOBODY = HASHER.hash(secrets.token_hex(16))  # so that an unknown address takes as long as a wrong password


class WrongPassword(Exception):
    """Unknown address or wrong password; the message does not say which."""


class UnusablePerson(Exception):
    """The address or the password will not do; the message says why."""


def add_person(session: Session, email: str, password: str, *, name: str = "", role: str = "agent") -> Person:
    if "@" not in email:
        raise UnusablePerson("The mail address needs an @.")
    check_new_password(password, email)
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


def teams(session: Session) -> list[str]:
    """The teams that somebody is in."""
    return list(
        session.scalars(select(Person.team).where(Person.team != "", Person.is_active).distinct().order_by(Person.team))
    )


def is_empty(session: Session) -> bool:
    return not session.scalar(select(func.count()).select_from(Person))


def check_password(session: Session, email: str, password: str) -> Person:
    """Raise WrongPassword."""
    person = session.scalar(select(Person).where(Person.email == email.strip().lower()))
    try:
        HASHER.verify(person.password_hash if person else NOBODY, password)
    except (VerifyMismatchError, InvalidHashError) as error:
        raise WrongPassword("This address and password do not belong together.") from error
    if person is None or not person.is_active:
        raise WrongPassword("This address and password do not belong together.")
    return person


def of_identity(
    session: Session, identity: str, email: str, name: str, *, is_verified: bool, new_role: str = ""
) -> Person:
    """Whom an identity provider vouches for: known by identity, the first time by a verified address. Raise UnusablePerson."""
    person = session.scalar(select(Person).where(Person.identity == identity))
    if person is None:
        if not email or not is_verified:
            raise UnusablePerson(
                "The provider does not vouch for your mail address, so nobody here can be found by it."
            )
        person = session.scalar(select(Person).where(Person.email == email))
        if person is None and new_role:
            person = Person(email=email, name=name[:80], role=new_role, password_hash=NO_PASSWORD)
            session.add(person)
        if person is None:
            raise UnusablePerson(f"Nobody here has the address {email}. Ask an admin to add you.")
        if person.identity:
            raise UnusablePerson(f"{email} belongs to another account of the provider. Ask an admin.")
        person.identity = identity
        session.flush()
    if not person.is_active:
        raise UnusablePerson("Your access has been switched off. Ask an admin.")
    return person


def open_browser(session: Session, person: Person) -> str:
    """Somebody has proven who they are: the token for their cookie."""
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
    if not found.person.is_active:
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


def invite(session: Session, person: Person) -> str:
    """A one-time token with which the person chooses a password; an earlier one no longer counts."""
    token = secrets.token_urlsafe(24)
    session.execute(delete(Invitation).where(Invitation.person_id == person.id))
    session.add(Invitation(token_hash=digest(token), person_id=person.id, expires_at=now() + INVITED_FOR))
    return token


def invited(session: Session, token: str) -> Person:
    """Raise UnusablePerson."""
    found = session.get(Invitation, digest(token))
    if found is None or found.expires_at <= now() or not found.person.is_active:
        raise UnusablePerson("This link has been used, replaced or has expired. Ask an admin for a new one.")
    return found.person


def accept(session: Session, token: str, password: str) -> Person:
    """Choose the password; every browser of that person is signed out. Raise UnusablePerson."""
    person = invited(session, token)
    check_new_password(password, person.email)
    person.password_hash = HASHER.hash(password)
    session.execute(delete(Invitation).where(Invitation.person_id == person.id))
    sign_out_everywhere(session, person)
    return person


def sign_out_everywhere(session: Session, person: Person) -> None:
    session.execute(delete(SignIn).where(SignIn.person_id == person.id))


def change(session: Session, person: Person, *, role: str, is_active: bool, team: str = "") -> None:
    """Raise UnusablePerson where nobody would be left who may undo it."""
    if role not in ROLES:
        raise UnusablePerson(f"A role is one of {', '.join(ROLES)}.")
    others = select(func.count()).where(Person.role == "admin", Person.is_active, Person.id != person.id)
    if (role != "admin" or not is_active) and not session.scalar(others):
        raise UnusablePerson("This is the last admin. Make somebody else an admin first.")
    person.role, person.is_active, person.team = role, is_active, " ".join(team.split())[:LONGEST_TEAM]
    if not is_active:
        sign_out_everywhere(session, person)


def check_new_password(password: str, email: str) -> None:
    """Length alone is no strength: zxcvbn guesses as an attacker would. Raise UnusablePerson."""
    if len(password) < SHORTEST_PASSWORD:
        raise UnusablePerson(f"The password needs at least {SHORTEST_PASSWORD} characters.")
    judged = zxcvbn(password[:LONGEST_JUDGED], user_inputs=[email, email.partition("@")[0], "courtdesk"])
    if judged["score"] < LEAST_SCORE:
        words = judged["feedback"]["warning"] or "It is guessed too easily."
        raise UnusablePerson(f"Choose another password. {words.rstrip('.')}.")


def add_key(session: Session, name: str, scopes: Sequence[str], per_minute: int = 60) -> str:
    """Make an API key and return it; only its hash is kept."""
    key = f"cd_{secrets.token_urlsafe(32)}"
    session.add(ApiKey(name=name, key_hash=digest(key), scopes=list(scopes), per_minute=per_minute))
    return key


def note_key_used(session: Session, key_id: int) -> None:
    session.get_one(ApiKey, key_id).used_at = now()


def key_of(session: Session, key: str) -> ApiKey | None:
    return session.scalar(select(ApiKey).where(ApiKey.key_hash == digest(key)))


def keys(session: Session) -> Sequence[ApiKey]:
    return session.scalars(select(ApiKey).order_by(ApiKey.name)).all()


def revoke(session: Session, key_id: int) -> None:
    session.execute(delete(ApiKey).where(ApiKey.id == key_id))


def digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
