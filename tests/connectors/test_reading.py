"""Mails are read in a child process; whatever happens to it costs one mail."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from builders import raw_mail

from connectors.mail_parsing import parse_mail
from connectors.reading import Reader

EMAILS = Path(__file__).parent.parent / "emails"


@pytest.fixture
def reader() -> Iterator[Reader]:
    made = Reader()
    yield made
    made.stop()


def texts(reader: Reader, *bodies: str) -> list[str]:
    return [one if isinstance(one, str) else one.text for one in reader([raw_mail(body) for body in bodies])]


def test_the_child_says_what_the_parser_says(reader: Reader) -> None:
    paths = sorted(EMAILS.glob("*.eml"))
    raws = [path.read_bytes() for path in paths]

    for path, raw, there in zip(paths, raws, reader(raws), strict=True):
        here = parse_mail(raw)
        if here.headers.get("date"):  # without, "now" is another moment there
            assert there == here, path.name


def test_a_child_that_died_is_started_again(reader: Reader) -> None:
    assert texts(reader, "one") == ["one"]
    assert reader.child is not None
    reader.child.kill()
    reader.child.wait()

    assert texts(reader, "two") == ["two"]


def test_a_mail_that_takes_too_long_is_given_up_and_the_next_is_read(reader: Reader) -> None:
    texts(reader, "warm")
    reader.seconds = 0.0
    (reason,) = texts(reader, "x" * 1_000_000)
    assert "seconds" in reason

    reader.seconds = 20.0
    assert texts(reader, "good") == ["good"]


def test_a_mail_that_takes_too_much_memory_costs_only_itself(reader: Reader) -> None:
    reader.memory = 100_000_000

    before, reason, after = texts(reader, "before", "x" * 100_000_000, "after")

    assert (before, after) == ("before", "after")
    assert "memory" in reason
