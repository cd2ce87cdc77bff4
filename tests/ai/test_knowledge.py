"""The desk's pages, and the passages that fit a mail."""

from pathlib import Path

from builders import tennis

from ai.knowledge import Knowledge, Passage, Section, load_knowledge, read_page, sections_of


def test_a_page_becomes_one_passage_a_section(tmp_path: Path) -> None:
    page = tmp_path / "hours.md"
    page.write_text("# Hours\n\n## Summer\nFrom 7 to 22.\n\n## Winter\nFrom 8\nto 21.\n")

    assert read_page(page) == [Passage("Hours", "Summer", "From 7 to 22."), Passage("Hours", "Winter", "From 8 to 21.")]


def test_a_line_with_a_question_mark_in_front_is_a_way_of_asking_and_no_text(tmp_path: Path) -> None:
    body = "Open all year.\n? are you there at easter\n\n## Summer\nFrom 7?\n? how late  \n?\n? how late\n## Winter\n? when\n"

    assert sections_of(body) == [
        Section("", "Open all year.", ("are you there at easter",)),
        Section("Summer", "From 7? ?", ("how late",)),
    ]
    (tmp_path / "hours.md").write_text(f"# Hours\n{body}")
    assert "easter" not in str(read_page(tmp_path / "hours.md"))


def test_ways_of_asking_for_a_long_section_lead_to_its_first_passage() -> None:
    first, *others = sections_of(f"## Rules\n{'One two three. ' * 200}\n? what may I do")

    assert first.asked == ("what may I do",)
    assert others
    assert not any(one.asked for one in others)


def test_the_shipped_pages_answer_their_own_questions() -> None:
    knowledge = load_knowledge(tennis().folder / "knowledge")

    found = knowledge.find("May I bring a guest, and what does a guest pay?")

    assert found
    assert "guest" in found[0].text.lower()


def test_nothing_is_found_where_nothing_fits() -> None:
    assert Knowledge([Passage("Hours", "Summer", "We open at seven.")]).find("xyzzy plugh") == []
    assert Knowledge([]).find("anything") == []
