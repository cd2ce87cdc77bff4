"""The page of the autopilot: evidence, opening and closing by an admin, one switch, what it did."""

import pytest
from pages import FORM, Pages

from db import autopilot
from db.models import AutopilotCategory, AutopilotLook, Person

EVIDENCE = {
    "cases": 900, "wrong": 3, "threshold": 0.91, "coverage": 0.8, "needed": 0, "error": 0.01, "model": "b",
    "fit": {"temperature": 1.0, "weights": [], "means": [], "scales": [], "bias": 0.0},
    "curve": [
        {"coverage": 1.0, "threshold": 0.5, "accepted": 900, "wrong": 3, "bound": 0.012},
        {"coverage": 0.8, "threshold": 0.91, "accepted": 720, "wrong": 0, "bound": 0.009},
    ],
}  # fmt: skip


@pytest.fixture
def admin(pages: Pages) -> Pages:
    with pages.open_session() as session:
        session.get_one(Person, 1).role = "admin"
        session.add(AutopilotCategory(name="general_inquiry", evidence=EVIDENCE))
        session.add(AutopilotCategory(name="reset_password", evidence=EVIDENCE))
        session.add(AutopilotCategory(name="create_booking", evidence={**EVIDENCE, "threshold": None, "needed": 123}))
    return pages


def is_open(pages: Pages, name: str) -> bool:
    with pages.open_session.reading() as session:
        return session.get_one(AutopilotCategory, name).is_open


def test_what_is_proven_is_opened_by_an_admin_and_closed_again(admin: Pages) -> None:
    page = admin.client.get("/autopilot").text
    assert "Proven for 80% of these mails, from a confidence of 0.910." in page
    assert "Needs at least 123 more decisions" in page
    assert 'action="/autopilot/create_booking/opening"' not in page

    assert admin.client.post("/autopilot/general_inquiry/opening", headers=FORM).status_code == 303
    assert is_open(admin, "general_inquiry")
    assert admin.client.post("/autopilot/general_inquiry/closing", headers=FORM).status_code == 303
    assert not is_open(admin, "general_inquiry")
    assert "closed it." in admin.client.get("/autopilot").text


@pytest.mark.parametrize("name", ["reset_password", "other", "create_booking", "nonsense"])
def test_accounts_people_and_what_is_not_proven_stay_closed(admin: Pages, name: str) -> None:
    answer = admin.client.post(f"/autopilot/{name}/opening", headers=FORM)
    assert answer.status_code == 422
    assert "Nothing was changed." in answer.text
    with admin.open_session.reading() as session:
        assert not any(one.is_open for one in autopilot.categories(session).values())


def test_the_switch_and_the_terms(admin: Pages) -> None:
    admin.client.post("/autopilot/general_inquiry/opening", headers=FORM)
    admin.client.post("/autopilot/switch", data={"do": "off"}, headers=FORM)
    assert "It is switched off" in admin.client.get("/autopilot").text

    admin.client.post("/autopilot/terms", data={"error": "0,5", "audit": "20", "minutes": "30"}, headers=FORM)
    with admin.open_session.reading() as session:
        terms = autopilot.terms(session)
        assert (terms.is_on, terms.error, terms.audit, terms.minutes) == (False, 0.005, 0.2, 30)
    assert not is_open(admin, "general_inquiry")
    for wrong in ({"error": "lots"}, {"error": "90", "audit": "20", "minutes": "30"}):
        assert admin.client.post("/autopilot/terms", data=wrong, headers=FORM).status_code == 422


def test_what_it_did_is_listed(admin: Pages) -> None:
    with admin.open_session() as session:
        session.add(AutopilotLook(ticket_id=1, category="general_inquiry", model="b", chosen="withdrawn", score=0.97))
    page = admin.client.get("/autopilot").text
    assert "0.970" in page
    assert "taken back" in page
    assert "Login &lt;b&gt;" in page


def test_a_lead_watches_and_decides_nothing(pages: Pages) -> None:
    assert pages.client.get("/autopilot", headers=FORM).status_code == 403
    with pages.open_session() as session:
        session.get_one(Person, 1).role = "lead"
    page = pages.client.get("/autopilot").text
    assert "Switch it off" not in page
    for path in ("switch", "terms", "general_inquiry/opening", "general_inquiry/closing"):
        assert pages.client.post(f"/autopilot/{path}", headers=FORM).status_code == 403
