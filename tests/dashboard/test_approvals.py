"""Signing: with htmx, without, too late, and by nobody."""

import pytest
from pages import FORM, HX, PLAN, Pages

from db.models import Promise
from db.plans import NoAnswer, Plan


def promises(pages: Pages) -> list[Promise]:
    with pages.open_session.reading() as session:
        return list(session.query(Promise).order_by(Promise.id))


def test_an_approval_without_javascript_redirects(pages: Pages) -> None:
    answer = pages.client.post("/tickets/1/approval", data=pages.form(), headers=FORM)

    assert answer.status_code == 303
    assert pages.ticket().status == "approved"
    assert [row.kind for row in promises(pages)] == ["action", "reply"]
    assert promises(pages)[1].payload["to"] == "anna@kowalczyk.example"


def test_an_approval_by_htmx_says_where_to_go(pages: Pages) -> None:
    answer = pages.client.post("/tickets/1/approval", data=pages.form(), headers=HX)

    assert (answer.status_code, answer.headers["hx-location"]) == (204, "/tickets/1")


def test_a_stale_approval_changes_nothing_and_says_why(pages: Pages) -> None:
    answer = pages.client.post("/tickets/1/approval", data=pages.form(seen="1"), headers=HX)

    assert answer.status_code == 409
    assert answer.headers["hx-retarget"] == "#problem"
    assert "changed while you were looking" in answer.text
    assert promises(pages) == []


def test_nobody_approves_without_signing_in(pages: Pages) -> None:
    assert pages.stranger.post("/tickets/1/approval", data=pages.form(), headers=FORM).headers["location"] == "/session"
    assert (
        pages.stranger.post("/tickets/1/approval", data=pages.form(), headers=HX).headers["hx-redirect"] == "/session"
    )
    assert promises(pages) == []


@pytest.mark.parametrize("headers", [{"Sec-Fetch-Site": "cross-site"}, {"Origin": "https://evil.example"}, {}])
def test_a_form_of_another_site_is_refused(pages: Pages, headers: dict[str, str]) -> None:
    answer = pages.client.post("/tickets/1/approval", data=pages.form(), headers=headers)

    assert answer.status_code == 403
    assert promises(pages) == []


def test_an_old_browser_proves_itself_by_origin(pages: Pages) -> None:
    answer = pages.client.post("/tickets/1/approval", data=pages.form(), headers={"Origin": "http://testserver"})

    assert answer.status_code == 303


def test_the_edited_answer_is_what_is_signed(pages: Pages) -> None:
    pages.client.post("/tickets/1/approval", data=pages.form(reply="Dear Anna, {reset_url}"), headers=FORM)

    assert pages.ticket().answer["reply"] == "Dear Anna, {reset_url}"
    assert promises(pages)[1].payload["body"] == "Dear Anna, {reset_url}"
    assert pages.ticket().draft["reply"] != pages.ticket().answer["reply"]


def test_a_blocked_plan_is_refused(pages: Pages) -> None:
    pages.pre_check.plans = [Plan("", {}, "a@b.example", blocked="Cannot reset password: no such account")]

    answer = pages.client.post("/tickets/1/approval", data=pages.form(), headers=HX)

    assert answer.status_code == 422
    assert "no such account. Nothing was sent." in answer.text
    assert promises(pages) == []


def test_a_reply_only_must_not_wait_for_a_result(pages: Pages) -> None:
    waiting = pages.client.post("/tickets/1/approval", data=pages.form(action="none"), headers=HX)
    plain = pages.client.post(
        "/tickets/1/approval", data=pages.form(action="none", reply="Which user name?"), headers=HX
    )

    assert (waiting.status_code, plain.status_code) == (422, 204)
    assert [row.kind for row in promises(pages)] == ["reply"]


def test_a_club_that_does_not_answer_stops_the_approval(pages: Pages) -> None:
    class Silent:
        def plan(self, asked: object) -> Plan:
            raise NoAnswer("The club cannot be reached. Nothing was sent.")

    pages.client.app.state.house = type(pages.client.app.state.house)(
        **{**pages.client.app.state.house.__dict__, "pre_check": Silent()}
    )

    answer = pages.client.post("/tickets/1/approval", data=pages.form(), headers=HX)

    assert answer.status_code == 503
    assert promises(pages) == []


@pytest.mark.parametrize(
    "changes", [{"category": "launch_rocket"}, {"reply": "  "}, {"seen": "x"}, {"reply": "x" * 30000}]
)
def test_a_form_that_cannot_be_is_refused_in_words(pages: Pages, changes: dict[str, str]) -> None:
    answer = pages.client.post("/tickets/1/approval", data=pages.form(**changes), headers=HX)

    assert answer.status_code == 422
    assert promises(pages) == []


def test_the_pre_check_sees_what_stands_in_the_form(pages: Pages) -> None:
    pages.client.post("/tickets/1/approval", data=pages.form(username="ben7"), headers=FORM)

    assert pages.pre_check.asked[-1].username == "ben7"
    assert pages.pre_check.asked[-1].from_email == "anna@kowalczyk.example"
    assert PLAN.action == "reset_password"


def test_what_the_page_did_not_name_is_not_signed(pages: Pages) -> None:
    answer = pages.client.post("/tickets/1/approval", data=pages.form(shown=""), headers=HX)

    assert (answer.status_code, "has changed since the page was drawn" in answer.text) == (422, True)
    assert promises(pages) == []
    assert (
        pages.client.post("/tickets/1/approval", data=pages.form(shown="reset_password"), headers=HX).status_code == 204
    )


def test_a_reply_alone_is_signed_although_an_action_would_be_possible(pages: Pages) -> None:
    form = pages.form(shown="reset_password", action="none", reply="I look into it.")

    assert pages.client.post("/tickets/1/approval", data=form, headers=HX).status_code == 204
    assert [row.kind for row in promises(pages)] == ["reply"]
