"""ep3-bs on a real MariaDB: looked up, booked and cancelled under its own rules, each order once."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import bcrypt
import pytest
from servers import MariaDB, free_port, why_not
from sqlalchemy import text

from actions.checking import make_plan
from actions.ep3bs.club import Ep3Bs, clock_of_this_machine, open_ep3bs
from actions.looking import look
from actions.outcomes import Refused, Unreachable
from db.desk import Desk
from db.plans import Asked

BERLIN = ZoneInfo("Europe/Berlin")
NOW = datetime(2026, 5, 14, 9, 0, tzinfo=BERLIN)
SCRIPT = (Path(__file__).parent / "ep3bs.sql").read_text(encoding="utf-8")
REASON = why_not("mariadbd", "mariadb-install-db")
pytestmark = [pytest.mark.server, pytest.mark.skipif(bool(REASON), reason=REASON)]


@pytest.fixture(scope="module")
def server() -> Iterator[MariaDB]:
    with MariaDB() as running:
        yield running


@pytest.fixture
def club(server: MariaDB) -> Iterator[Ep3Bs]:
    server.run("DROP DATABASE club;\nCREATE DATABASE club DEFAULT CHARSET utf8;")
    server.run(SCRIPT)
    made = open_ep3bs(server.url, "https://book.westpark.example/", BERLIN, lambda: NOW)
    yield made
    made.engine.dispose()


def slot(day: int, hour: int, minutes: int = 60, court: str = "1", minute: int = 0, **more: Any) -> dict[str, Any]:
    start = datetime(2026, 5, day, hour, minute, tzinfo=BERLIN)
    end = start + timedelta(minutes=minutes)
    return {"username": "anna42", "court": court, "start": start.isoformat(), "end": end.isoformat(), **more}


def book(club: Ep3Bs, key: str = "k1", **stated: Any) -> dict[str, Any]:
    return club.perform("create_booking", stated, key)


def scalar(club: Ep3Bs, sql: str) -> Any:
    with club.engine.connect() as db:
        return db.execute(text(sql)).scalar()


def test_members_are_found_by_name_and_by_address_and_deleted_ones_are_none(club: Ep3Bs) -> None:
    (anna,) = club.accounts(email="Anna@Kowalczyk.example")

    assert anna == {
        "username": "anna42", "full_name": "Anna Kowalczyk", "email": "anna@kowalczyk.example", "phone": "0151 234",
        "address": "Elm Road 4, 12345 Westpark", "status": "active", "member_since": "2020-03-01",
    }  # fmt: skip
    assert club.accounts(username="gone") == []
    assert [court["name"] for court in club.courts()] == ["Court 1", "Court 2"]


def test_a_booking_is_made_moved_and_cancelled(club: Ep3Bs) -> None:
    made = book(club, **slot(18, 18))
    assert (made["username"], made["court"], made["start"]) == ("anna42", "1", "2026-05-18T18:00:00+02:00")
    assert scalar(club, "SELECT value FROM bs_bookings_meta") == "N;"

    moved = club.perform("move_booking", {"booking_id": made["id"], **slot(19, 20, court="2")}, "k2")
    assert (moved["id"], moved["court"], moved["start"]) == (made["id"], "2", "2026-05-19T20:00:00+02:00")
    assert club.bookings(username="anna42", start=NOW) == [moved]

    gone = club.perform("cancel_booking", {"booking_id": made["id"]}, "k3")
    assert gone == {"id": made["id"], "status": "cancelled", "fee": "0.00"}
    assert club.bookings(start=NOW) == []
    assert scalar(club, "SELECT COUNT(*) FROM bs_reservations") == 1  # the row stays, as there


def test_the_same_key_is_carried_out_once_and_another_order_under_it_is_refused(club: Ep3Bs) -> None:
    first, again = book(club, **slot(18, 18)), book(club, **slot(18, 18))

    assert first == again
    assert scalar(club, "SELECT COUNT(*) FROM bs_bookings") == 1
    with pytest.raises(Refused, match="another request"):
        book(club, **slot(19, 18))


def test_of_many_who_want_one_slot_at_the_same_moment_one_gets_it(club: Ep3Bs) -> None:
    def tried(number: int) -> bool:
        try:
            book(club, key=f"race {number}", **slot(18, 18))
        except Refused as refusal:
            return refusal.code != "court_taken"
        return True

    book(club, key="warm", **slot(17, 10))
    with ThreadPoolExecutor(8) as pool:
        got = list(pool.map(tried, range(8)))

    assert sum(got) == 1
    assert scalar(club, "SELECT COUNT(*) FROM bs_bookings") == 2


@pytest.mark.parametrize(
    ("stated", "code"),
    [
        (slot(14, 8), "in_the_past"),
        (slot(29, 18), "too_far_ahead"),
        (slot(18, 7), "outside_hours"),
        (slot(18, 21, 120, "2"), "outside_hours"),
        (slot(18, 23, 90), "outside_hours"),
        (slot(18, 18, 30, "2"), "unusable"),
        (slot(18, 18, 60, "2", 30), "unusable"),
        (slot(18, 18, 180), "limit"),
        (slot(18, 18, court="3"), "no_such_court"),
        (slot(18, 18, court="99"), "no_such_court"),
        (slot(18, 18, username="nobody"), "no_such_account"),
        (slot(18, 18, username="gone"), "no_such_account"),
    ],
)
def test_a_booking_against_its_rules_is_refused(club: Ep3Bs, stated: dict[str, Any], code: str) -> None:
    with pytest.raises(Refused) as refusal:
        book(club, **stated)

    assert refusal.value.code == code
    assert scalar(club, "SELECT COUNT(*) FROM bs_bookings") == 0


def test_a_court_is_open_until_midnight_where_its_row_says_24(club: Ep3Bs) -> None:
    assert book(club, **slot(18, 23))["end"] == "2026-05-19T00:00:00+02:00"


def test_events_subscriptions_and_open_bookings_stand_in_the_way(club: Ep3Bs, server: MariaDB) -> None:
    server.run(
        "INSERT INTO bs_events (sid, datetime_start, datetime_end) VALUES (NULL, '2026-05-18 17:00', '2026-05-18 19:00')"
    )
    server.run(
        "INSERT INTO bs_bookings (uid, sid, status, status_billing, visibility, quantity, created) VALUES (2, 1, 'subscription', 'paid', 'public', 2, NOW())"
    )
    server.run(
        "INSERT INTO bs_reservations (bid, date, time_start, time_end) VALUES (1, '2026-05-19', '18:00', '20:00')"
    )
    for stated, code in ((slot(18, 18), "court_taken"), (slot(19, 19), "court_taken")):
        with pytest.raises(Refused) as refusal:
            book(club, **stated)
        assert refusal.value.code == code
    book(club, key="a", **slot(20, 18))
    book(club, key="b", **slot(21, 18))

    with pytest.raises(Refused) as refusal:
        book(club, key="c", **slot(22, 18))
    assert refusal.value.code == "limit"
    with pytest.raises(Refused) as refusal:
        club.perform("cancel_booking", {"booking_id": 1}, "d")
    assert refusal.value.code == "subscription"


def test_too_late_to_cancel_is_refused(club: Ep3Bs) -> None:
    made = book(club, **slot(15, 8))  # in 23 hours; the court wants 24

    with pytest.raises(Refused) as refusal:
        club.perform("cancel_booking", {"booking_id": made["id"]}, "k2")

    assert refusal.value.code == "deadline_passed"


def test_a_new_member_sets_the_password_by_a_link(club: Ep3Bs) -> None:
    stated = {"username": "bob7", "full_name": "Bob van der Berg", "email": "bob@berg.example", "phone": "0171 9"}

    made = club.perform("create_account", stated, "k1")

    assert (made["full_name"], made["status"]) == ("Bob van der Berg", "active")
    hashed = str(scalar(club, "SELECT pw FROM bs_users WHERE alias = 'bob7'"))
    assert hashed.startswith("$2y$06$")
    assert len(hashed) == 60
    assert not bcrypt.checkpw(b"", hashed.replace("$2y$", "$2b$").encode())
    assert made["set_password_url"].startswith("https://book.westpark.example/user/password-reset?id=5&code=")
    for taken, code in (({"email": "GONE@old.example"}, "email_taken"), ({"username": "Anna42"}, "username_taken")):
        with pytest.raises(Refused) as refusal:
            club.perform("create_account", {**stated, "username": "eve9", "email": "e@e.example", **taken}, f"k {code}")
        assert refusal.value.code == code


def test_a_reset_is_the_link_that_its_own_page_would_send(club: Ep3Bs) -> None:
    done = club.perform("reset_password", {"username": "anna42"}, "k1")

    # base64 of the eight characters of the salt that ep3-bs takes: its 17th to 24th
    assert done["reset_url"] == "https://book.westpark.example/user/password-reset?id=1&code=amtsbW5vcHE%3D"
    for name in ("office", "blocked1"):
        with pytest.raises(Refused):
            club.perform("reset_password", {"username": name}, f"k {name}")


def test_an_account_is_changed_and_deleted_as_its_pages_do(club: Ep3Bs) -> None:
    new = {
        "username": "anna42",
        "email": "anna@new.example",
        "address": "Oak Lane 9, 54321 Eastpark",
        "full_name": "Anna Berg",
    }
    changed = club.perform("update_account", new, "k1")
    assert (changed["email"], changed["address"], changed["full_name"]) == (
        new["email"],
        new["address"],
        new["full_name"],
    )
    with pytest.raises(Refused, match="street, postcode and town"):
        club.perform("update_account", {"username": "anna42", "address": "somewhere"}, "k2")
    made = book(club, key="k3", **slot(18, 18))
    with pytest.raises(Refused) as refusal:
        club.perform("delete_account", {"username": "anna42"}, "k4")
    assert refusal.value.code == "open_bookings"
    club.perform("cancel_booking", {"booking_id": made["id"]}, "k5")

    club.perform("delete_account", {"username": "anna42"}, "k6")

    assert club.accounts(username="anna42") == []
    kept = "SELECT value FROM bs_users_meta WHERE `key` = 'status_before_reactivation'"
    assert scalar(club, kept) == "deleted"


def test_a_court_that_costs_money_is_left_to_ep3bs(club: Ep3Bs, server: MariaDB) -> None:
    server.run(
        "INSERT INTO bs_squares_pricing (sid, priority, date_start, date_end, price) VALUES (1, 1, '2026-01-01', '2026-12-31', 1200)"
    )

    with pytest.raises(Refused) as refusal:
        book(club, **slot(18, 18))

    assert refusal.value.code == "priced"
    assert book(club, key="k2", **slot(18, 18, court="2"))["court"] == "2"


def test_maintenance_and_a_dead_server_are_unreachable(club: Ep3Bs, server: MariaDB) -> None:
    server.run("INSERT INTO bs_options (`key`, value) VALUES ('service.maintenance', 'true')")
    with pytest.raises(Unreachable, match="maintenance"):
        book(club, **slot(18, 18))

    dead = open_ep3bs(f"mysql://root@127.0.0.1:{free_port()}/club", "https://x.example", BERLIN, lambda: NOW)
    with pytest.raises(Unreachable, match="cannot be reached"):
        dead.courts()
    with pytest.raises(Unreachable, match="cannot be reached"):
        book(dead, **slot(18, 18))


def test_the_pre_check_and_the_look_speak_with_it_like_with_any_club(club: Ep3Bs, desk: Desk) -> None:
    club.clock = clock_of_this_machine
    start = (datetime.now(BERLIN) + timedelta(days=3)).replace(hour=18, minute=0, second=0, microsecond=0)
    wanted = {
        "username": "anna42",
        "court": "1",
        "start": start.isoformat(),
        "end": (start + timedelta(hours=1)).isoformat(),
    }
    made = book(club, **wanted)
    details = {"date": start.date().isoformat()}
    asked = Asked("cancel_booking", "anna42", details, "{fee}", "anna@kowalczyk.example", "verified", "signed")

    plan = make_plan(asked, desk, club)

    assert (plan.action, plan.params["booking_id"], plan.blocked) == ("cancel_booking", made["id"], "")
    assert look(club, "create_booking", wanted)[0] is True
    assert look(club, "cancel_booking", plan.params)[0] is False
