"""The desk's pages, and the passages that fit a mail."""

from pathlib import Path

from builders import tennis

from ai.knowledge import Knowledge, Passage, load_knowledge, read_page


def test_a_page_becomes_one_passage_a_section(tmp_path: Path) -> None:
    page = tmp_path / "hours.md"
    page.write_text("# Hours\n\n## Summer\nFrom 7 to 22.\n\n## Winter\nFrom 8\nto 21.\n")

    assert read_page(page) == [Passage("Hours", "Summer", "From 7 to 22."), Passage("Hours", "Winter", "From 8 to 21.")]


def test_the_shipped_pages_answer_their_own_questions() -> None:
    knowledge = load_knowledge(tennis().folder / "knowledge")

    found = knowledge.find("May I bring a guest, and what does a guest pay?")

    assert found
    assert "guest" in found[0].text.lower()


def test_nothing_is_found_where_nothing_fits() -> None:
    assert Knowledge([Passage("Hours", "Summer", "We open at seven.")]).find("xyzzy plugh") == []
    assert Knowledge([]).find("anything") == []
