"""Pages of knowledge in the browser: written, changed, taken out, uploaded; and found as a draft finds them."""

from dataclasses import replace

import pytest
from pages import FORM, Pages

from dashboard.deps import House
from db import knowledge
from db.knowledge import Hit
from db.models import Page, Person, Ticket


def write(pages: Pages, **changes: str) -> int:
    form = {"title": "Courts", "text": "## Clay\nSix <b>courts</b>.", "language": "en", **changes}
    answer = pages.client.post("/knowledge", data=form, headers=FORM)
    assert answer.status_code == 303
    return int(answer.headers["location"].rpartition("/")[2])


def test_a_page_is_written_changed_and_put_back(pages: Pages) -> None:
    number = write(pages)
    page = pages.client.get(f"/knowledge/{number}").text
    assert "Six &lt;b&gt;courts&lt;/b&gt;." in page

    form = {"title": "Courts", "text": "Seven.", "language": "en", "seen": "1"}
    assert pages.client.post(f"/knowledge/{number}", data=form, headers=FORM).status_code == 303
    stale = pages.client.post(f"/knowledge/{number}", data={**form, "text": "Eight."}, headers=FORM)
    assert stale.status_code == 422
    assert "changed this page meanwhile" in stale.text

    assert "Six &lt;b&gt;" in pages.client.get(f"/knowledge/{number}?version=1").text
    pages.client.post(f"/knowledge/{number}/versions/1", headers=FORM)
    with pages.open_session.reading() as session:
        assert session.get_one(Page, number).version == 3
    assert pages.client.post("/knowledge", data={"title": "x"}, headers=FORM).status_code == 422
    assert pages.client.get("/knowledge/999", headers=FORM).status_code == 422


def test_a_page_is_taken_out_and_put_back(pages: Pages) -> None:
    number = write(pages)
    pages.client.post(f"/knowledge/{number}/there", data={"there": "no"}, headers=FORM)
    assert "Courts" not in pages.client.get("/knowledge").text
    assert "Courts" in pages.client.get("/knowledge?gone=1").text
    pages.client.post(f"/knowledge/{number}/there", data={"there": "yes"}, headers=FORM)
    assert "Courts" in pages.client.get("/knowledge").text


def test_files_and_addresses_wait_to_be_read(pages: Pages) -> None:
    files = {"file": ("../rules.csv", b"a,b\n1,2\n")}
    assert pages.client.post("/knowledge/files/upload", files=files, headers=FORM).status_code == 303
    assert pages.client.post("/knowledge/files/upload", headers=FORM).status_code == 422
    wrong = {"file": ("virus.exe", b"MZ")}
    assert "Choose a file" in pages.client.post("/knowledge/files/upload", files=wrong, headers=FORM).text
    inside = pages.client.post("/knowledge/web/address", data={"url": "http://127.0.0.1/"}, headers=FORM)
    assert inside.status_code == 422
    page = pages.client.get("/knowledge?kind=file").text
    assert "rules.csv" in page
    assert "is being read" in page


def test_what_would_be_found_is_shown(pages: Pages) -> None:
    class Finder:
        def look_up(self, asked: str) -> list[Hit]:
            return [
                Hit(1, 7, "Courts", "Clay", f"about {asked}", 7.0, 0.5, True),
                Hit(2, 8, "Guests", "", "x", 0.5, 0.1, False),
            ]

    house: House = pages.client.app.state.house  # type: ignore[attr-defined]
    pages.client.app.state.house = replace(house, finder=Finder())  # type: ignore[attr-defined]
    page = pages.client.get("/knowledge?q=<clay>").text
    assert '<a class="link" href="/knowledge/1#p7">' in page
    assert "about &lt;clay&gt;" in page
    assert page.count("does not fit") == 1


@pytest.mark.parametrize(
    "sources", [[], [{"page": "Courts", "heading": "Clay", "text": "Six.", "page_id": 4, "passage_id": 9}]]
)
def test_a_question_shows_its_sources_or_asks_for_a_page(pages: Pages, sources: list[dict[str, object]]) -> None:
    with pages.open_session() as session:
        ticket = session.get_one(Ticket, 1)
        ticket.draft = {**(ticket.draft or {}), "category": "general_inquiry"}
        ticket.category, ticket.made_by = "general_inquiry", {"sources": sources}
    page = pages.client.get("/tickets/1").text
    assert ('href="/knowledge/4#p9"' in page) == bool(sources)
    assert ('href="/knowledge/new?ticket=1"' in page) == (not sources)


def test_what_was_signed_becomes_a_page_in_one_click(pages: Pages) -> None:
    with pages.open_session() as session:
        ticket = session.get_one(Ticket, 1)
        ticket.answer = {
            "category": "general_inquiry", "username": "", "details": {}, "reply": "Hi Anna,\n\nsix courts of clay. {fee}",
        }  # fmt: skip
        ticket.mails[0].said = "Hello,\nwhich courts?"
    page = pages.client.get("/knowledge/new?ticket=1").text
    assert "six courts of clay. …\n\n? Hello, which courts?</textarea>" in page
    assert "Hi Anna" not in page
    number = write(pages, ticket="1")
    with pages.open_session.reading() as session:
        assert session.get_one(Page, number).ticket_id == 1
        assert len(knowledge.history(session, session.get_one(Page, number))) == 1


def test_a_viewer_reads_and_changes_nothing(pages: Pages) -> None:
    number = write(pages)
    with pages.open_session() as session:
        session.get_one(Person, 1).role = "viewer"
    assert pages.client.get(f"/knowledge/{number}").status_code == 200
    assert pages.client.post("/knowledge", data={"title": "x", "text": "y"}, headers=FORM).status_code == 403
