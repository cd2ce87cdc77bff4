"""The model is asked again."""

import pytest
from pages import FORM, HX, Pages


def prepare(pages: Pages) -> None:
    pass


@pytest.mark.parametrize(("headers", "code"), [(FORM, 303), (HX, 204)])
def test_it_happens_with_and_without_htmx(pages: Pages, headers: dict[str, str], code: int) -> None:
    prepare(pages)

    answer = pages.client.post("/tickets/1/redraft", data=pages.form(seen="2"), headers=headers)

    assert answer.status_code == code
    assert pages.ticket().status == "received"


def test_a_stale_form_changes_nothing(pages: Pages) -> None:
    prepare(pages)
    before = pages.ticket()

    answer = pages.client.post("/tickets/1/redraft", data=pages.form(seen="1"), headers=HX)

    assert answer.status_code == 409
    assert (pages.ticket().status, pages.ticket().version) == (before.status, before.version)


def test_nobody_does_it_without_signing_in(pages: Pages) -> None:
    prepare(pages)

    assert (
        pages.stranger.post("/tickets/1/redraft", data=pages.form(seen="2"), headers=FORM).headers["location"]
        == "/session"
    )
