"""Pages with their history, the words of their passages, and answers that become knowledge."""

from pathlib import Path

import pytest
from builders import QUESTION

from db import decisions, knowledge, passages, tickets
from db.knowledge import UnusablePage
from db.lifecycle import PROGRAM, Status
from db.models import Page, PageVersion
from db.session import OpenSession


def written(open_session: OpenSession, title: str, body: str, **more: str) -> int:
    with open_session() as session:
        page = knowledge.write(session, title=title, body=body, by="mia", **more)  # type: ignore[arg-type]
        passages.cut_into(session, page, [(one[:5], one, ()) for one in body.split("\n\n")])
        return page.id


def test_a_page_is_changed_put_back_and_every_version_stays(open_session: OpenSession) -> None:
    number = written(open_session, "Courts", "Six of clay.")
    with open_session() as session:
        knowledge.write(session, title="Courts", body="Seven.", by="ben", page=knowledge.get(session, number), seen=1)
    with open_session() as session:
        page = knowledge.get(session, number)
        with pytest.raises(UnusablePage, match="ben changed this page meanwhile"):
            knowledge.write(session, title="Courts", body="Eight.", by="mia", page=page, seen=1)
        knowledge.put_back(session, page, 1, by="mia")
        assert (page.text, page.version) == ("Six of clay.", 3)
        assert [(one.version, one.by) for one in knowledge.history(session, page)] == [
            (3, "mia"),
            (2, "ben"),
            (1, "mia"),
        ]
        with pytest.raises(UnusablePage):
            knowledge.put_back(session, page, 9, by="mia")


@pytest.mark.parametrize(("title", "body"), [("", "text"), ("title", " "), ("t" * 201, "text"), ("t", "x" * 500_001)])
def test_a_page_says_something(open_session: OpenSession, title: str, body: str) -> None:
    with pytest.raises(UnusablePage), open_session() as session:
        knowledge.write(session, title=title, body=body, by="mia")


def test_passages_are_found_by_their_words_in_any_form(open_session: OpenSession) -> None:
    guests = written(open_session, "Gäste", "Ein Gast zahlt zwölf Euro.\n\nGäste spielen mit Mitgliedern.")
    written(open_session, "Halle", "Die Halle kostet abends mehr.")

    with open_session.reading() as session:
        found = passages.by_words(session, "Was müssen Gästen zahlen? '); DROP TABLE pages; \"*", 5)
        assert len(found) == 2
        assert found[0][1] > found[1][1] > 0
        pages = passages.numbered(session, [number for number, _ in found])
        assert {one.page_id for one in pages.values()} == {guests}
        assert passages.by_words(session, "the and of", 5) == []
        assert passages.by_words(session, "", 5) == []


def test_both_databases_weigh_words_alike(open_session: OpenSession) -> None:
    written(open_session, "One", "apple banana apple\n\ncherry\n\nbanana date elder fig")
    with open_session.reading() as session:
        found = passages.by_words(session, "apple cherry banana", 5)
        assert [round(score, 2) for _, score in found] == pytest.approx([0.79, 0.78, 0.0], abs=0.02)


def test_a_page_that_is_taken_out_is_found_no_more_and_again_when_put_back(open_session: OpenSession) -> None:
    number = written(open_session, "Courts", "Clay.")
    with open_session() as session:
        page = knowledge.get(session, number)
        knowledge.set_there(session, page, there=False, by="mia")
        assert passages.to_cut(session) is page
        passages.cut_into(session, page, [("", "Clay.", ())])
        assert passages.by_words(session, "clay", 5) == []
        assert passages.to_cut(session) is None
        knowledge.set_there(session, page, there=True, by="mia")
        assert passages.to_cut(session) is page


def test_the_desks_folder_is_followed_until_a_person_edits(open_session: OpenSession, tmp_path: Path) -> None:
    path = tmp_path / "courts.en.md"
    path.write_text("# Courts\n\n## Clay\nSix.\n", encoding="utf-8")
    for _ in range(2):
        with open_session() as session:
            knowledge.follow_folder(session, tmp_path)
    with open_session() as session:
        page = session.query(Page).one()
        assert (page.name, page.language, page.title, page.version) == ("courts.en", "en", "Courts", 1)
        path.write_text("# Courts\n\n## Clay\nSeven.\n", encoding="utf-8")
        knowledge.follow_folder(session, tmp_path)
        assert (page.text, page.version) == ("## Clay\nSeven.", 2)
        knowledge.write(session, title="Courts", body="Eight.", by="mia", language="en", page=page, seen=2)
        path.write_text("# Courts\n\n## Clay\nNine.\n", encoding="utf-8")
        knowledge.follow_folder(session, tmp_path)
        assert page.text == "Eight."


def test_a_file_that_goes_takes_its_page_along_and_brings_it_back(open_session: OpenSession, tmp_path: Path) -> None:
    path = tmp_path / "prices.en.md"
    path.write_text("# Prices\n\nTen.\n", encoding="utf-8")
    for there in (True, False, True):
        if not there:
            path.rename(tmp_path / "gone")
        elif not path.exists():
            (tmp_path / "gone").rename(path)
        with open_session() as session:
            knowledge.follow_folder(session, tmp_path)
            assert session.query(Page).one().there == there


@pytest.mark.parametrize("name", ["a.exe", "a", "a.pdf.js"])
def test_only_files_that_can_be_read_are_taken(open_session: OpenSession, name: str) -> None:
    with open_session() as session:
        with pytest.raises(UnusablePage, match="Choose a file"):
            knowledge.upload(session, name=name, content=b"x", by="mia")
        with pytest.raises(UnusablePage, match="Choose a file"):
            knowledge.upload(session, name="a.pdf", content=b"", by="mia")


def test_a_web_page_that_is_saved_again_is_fetched_again_and_the_same_text_is_no_new_version(
    open_session: OpenSession,
) -> None:
    with open_session() as session:
        page = knowledge.save_address(session, url="https://club.example/rules", by="mia")
        assert knowledge.to_read(session) is page
        knowledge.read_in(session, page, "Rules", "No shouting.")
        assert (page.state, page.version, page.title) == ("ready", 1, "Rules")
    with open_session() as session:
        page = knowledge.save_address(session, url="https://club.example/rules", by="mia")
        knowledge.read_in(session, page, "Rules", "No shouting.")
        assert (page.version, session.query(PageVersion).count()) == (1, 1)


def test_signed_answers_that_say_more_than_the_pages_become_knowledge(open_session: OpenSession) -> None:
    new_words = QUESTION.with_reply("Hi Anna,\n\nthe ball machine costs five euros an hour.")
    for answer, shown in [(new_words, []), (QUESTION, []), (new_words, [])]:
        with open_session() as session:
            ticket = tickets.open_by_hand(session, by="mia", subject="Machine?", body="How?", from_email="a@b.example")
            tickets.propose(session, ticket, QUESTION, made_by={"sources": shown})
            ticket.lesson = {"learn": ticket.id != 3}
            decisions.approve(
                session, ticket, answer, action=None, reply_to="a@b.example", by="mia", seen=ticket.version, undo_seconds=0
            )  # fmt: skip
            for status in (Status.ACTED, Status.REPLIED):
                tickets.move(session, ticket, status, actor=PROGRAM, seen=ticket.version)

    with open_session() as session:
        assert knowledge.take_answers(session, ["general_inquiry"]) == 1
        assert knowledge.take_answers(session, ["general_inquiry"]) == 0
        page = session.query(Page).one()
        assert (page.kind, page.ticket_id, page.title) == ("answer", 1, "Machine?")
        assert page.text == "the ball machine costs five euros an hour.\n\n? How?"
