"""Mails are read in a child process; whatever happens to it costs one mail."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from builders import raw_mail

from connectors.intake import UnreadableMail
from connectors.mail_parsing import parse_mail
from connectors.reading import Reader

EMAILS = Path(__file__).parent.parent / "emails"


@pytest.fixture
def reader() -> Iterator[Reader]:
    made = Reader()
    yield made
    made.stop()


def test_the_child_says_what_the_parser_says(reader: Reader) -> None:
    for path in sorted(EMAILS.glob("*.eml")):
        raw = path.read_bytes()
        here, there = parse_mail(raw), reader(raw)
        if not here.headers.get("date"):
            continue  # "now" is another moment there
        assert there == here, path.name


def test_a_child_that_died_is_started_again(reader: Reader) -> None:
    assert reader(raw_mail("one")).text == "one"
    assert reader.child is not None
    reader.child.kill()
    reader.child.wait()

    assert reader(raw_mail("two")).text == "two"


def test_a_mail_that_takes_too_long_is_given_up_and_the_next_is_read(reader: Reader) -> None:
    reader(raw_mail())
    reader.seconds = 0.0
    with pytest.raises(UnreadableMail, match="seconds"):
        reader(raw_mail("x" * 1_000_000))

    reader.seconds = 20.0
    assert reader(raw_mail("good")).text == "good"


def test_a_mail_that_takes_too_much_memory_is_given_up(reader: Reader) -> None:
    reader.memory = 100_000_000
    with pytest.raises(UnreadableMail, match="memory"):
        reader(raw_mail("x" * 100_000_000))

    reader.memory = 1_500_000_000
    assert reader(raw_mail("good")).text == "good"
