"""The first person of a new desk."""

from db import people
from db.session import OpenSession


def welcome(open_session: OpenSession, email: str, password: str, public_url: str) -> None:
    """Make them an admin where they are named, or print how to become one."""
    with open_session() as session:
        if people.is_empty(session) and email:
            people.add_person(session, email, password, role="admin")
        if people.is_empty(session):
            link = f"{public_url}/set-up/{people.offer_set_up(session)}"
            print(f"\n  Nobody can sign in yet. Open this one-time link: {link}\n", flush=True)


def welcome_to_demo(open_session: OpenSession, email: str, password: str, public_url: str, port: int) -> None:
    welcome(open_session, email, password, public_url)
    print(f"\n  Courtdesk: http://127.0.0.1:{port}\n  Sign in as {email} with {password}\n", flush=True)
