"""Lines become literals in one piece, wherever the network cut them."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as some

from connectors.imap_line import Whole


def handed_over(lines: list[Any]) -> list[Any]:
    whole = Whole()
    for line in lines:
        whole.put(line)
    return [whole.get() for _ in range(whole.qsize())]


@given(some.lists(some.binary(max_size=200).map(lambda body: body.replace(b"\r", b"")), max_size=5))
def test_a_mail_comes_as_one_piece_and_what_follows_as_lines(bodies: list[bytes]) -> None:
    sent = b"".join(b"* 1 FETCH (UID 1 BODY[] {%d}\r\n%b)\r\n" % (len(one), one) for one in bodies) + b"a1 OK done\r\n"
    lines = [one + b"\n" for one in sent.split(b"\n")[:-1]]
    expected: list[bytes] = []
    for one in bodies:
        expected += [b"* 1 FETCH (UID 1 BODY[] {%d}\r\n" % len(one), *([one] if one else []), b")\r\n"]
    assert handed_over(lines) == [*expected, b"a1 OK done\r\n"]


def test_braces_inside_a_mail_announce_nothing() -> None:
    assert handed_over([b"* 1 FETCH {9}\r\n", b"a {500}\r\n", b")\r\n"]) == [
        b"* 1 FETCH {9}\r\n",
        b"a {500}\r\n",
        b")\r\n",
    ]


def test_a_line_that_breaks_off_is_told_at_once() -> None:
    broken = (OSError, "socket error")
    assert handed_over([b"* 1 FETCH {900}\r\n", b"only this\n", broken, None]) == [b"* 1 FETCH {900}\r\n", broken, None]
