"""Every mail of emails/odd, and some too big to store, beside what tests/emails/make_odd.py says a person reads."""

import json
import unicodedata
from collections.abc import Callable
from datetime import UTC
from pathlib import Path
from time import process_time
from typing import Any

import pytest

from connectors.mail_parsing import Mail, parse_mail

ODD = Path(__file__).parent.parent / "emails" / "odd"
HEAD = (
    b"From: Vera Holm <vera@holm.example>\r\nTo: desk@hallside.example\r\nSubject: Hello\r\n"
    b"Message-ID: <big@holm.example>\r\nDate: Thu, 14 May 2026 09:12:00 +0200\r\n"
)
SAID: dict[str, Any] = {"from_email": "vera@holm.example", "subject": "Hello", "kind": "person"}
SECONDS = 5  # on a slow machine; reading should take well under one
BODY = b"\r\nSome words.\r\n"


def nested(count: int) -> bytes:
    opened = b"".join(b'Content-Type: multipart/mixed; boundary="b%d"\r\n\r\n--b%d\r\n' % (n, n) for n in range(count))
    return HEAD + opened + b"Content-Type: text/plain\r\n\r\nSome words.\r\n"


def many_parts(count: int) -> bytes:
    one = b"--b\r\nContent-Type: text/plain\r\n\r\nSome words.\r\n"
    return HEAD + b"Content-Type: multipart/mixed; boundary=b\r\n\r\n" + one * count + b"--b--\r\n"


def many_files(count: int) -> bytes:
    one = b"--b\r\nContent-Disposition: attachment; filename=x.bin\r\nContent-Type: image/png\r\n\r\nx\r\n"
    return many_parts(1).replace(b"--b--", one * count + b"--b--")


def page(html: bytes) -> bytes:
    return HEAD + b"Content-Type: text/html\r\n\r\n" + html + b"\r\n"


def without(header: bytes) -> bytes:
    return b"".join(line for line in HEAD.splitlines(keepends=True) if not line.startswith(header))


BIG: dict[str, tuple[Callable[[], bytes], dict[str, Any]]] = {
    "one_line_of_300_kB": (
        lambda: HEAD + b"\r\nStart " + b"word " * 60_000 + b"finish.\r\n",
        SAID | {"text_has": ["Start word", "word finish."]},
    ),
    "one_word_of_300_kB": (lambda: HEAD + b"\r\n" + b"x" * 300_000, SAID | {"text_has": ["x" * 1000]}),
    "3000_headers": (
        lambda: HEAD + b"".join(b"X-H%d: v\r\n" % n for n in range(3000)) + BODY,
        SAID | {"text": "Some words."},
    ),
    "the_same_header_3000_times": (lambda: HEAD + b"Received: x; y\r\n" * 3000 + BODY, SAID | {"text": "Some words."}),
    "header_of_200_kB": (lambda: HEAD + b"X-Long: " + b"v" * 200_000 + b"\r\n" + BODY, SAID | {"text": "Some words."}),
    "header_folded_20000_times": (lambda: HEAD + b"X-L: v" + b"\r\n v" * 20_000 + b"\r\n" + BODY, SAID),
    "content_type_of_40_kB": (
        lambda: HEAD + b"Content-Type: text/plain" + b";" * 40_000 + b"\r\n" + BODY,
        SAID | {"text": "Some words."},
    ),
    "10000_parameters": (
        lambda: HEAD + b"Content-Type: text/plain" + b"; a=b" * 10_000 + b"\r\n" + BODY,
        SAID | {"text": "Some words."},
    ),
    "file_name_in_2000_pieces": (
        lambda: many_files(1).replace(b"filename=x.bin", b"; ".join(b"filename*%d=a" % n for n in range(2000))),
        SAID | {"text_has": ["Some words."]},
    ),
    "1500_nested_multiparts": (lambda: nested(1500), SAID | {"problems": True}),
    "150_nested_multiparts": (lambda: nested(150), SAID),
    "1500_nested_messages": (lambda: HEAD + b"Content-Type: message/rfc822\r\n\r\n" * 1500 + BODY, SAID),
    "20000_parts": (lambda: many_parts(20_000), SAID | {"text_has": ["Some words."]}),
    "20000_files": (lambda: many_files(20_000), SAID | {"text_has": ["Some words."]}),
    "20000_empty_parts": (lambda: many_parts(1).replace(b"--b--", b"--b\r\n" * 20_000 + b"--b--"), SAID),
    "from_of_brackets": (lambda: without(b"From") + b"From: " + b"(" * 20_000 + b"\r\n" + BODY, {"from_email": ""}),
    "from_of_quotes": (lambda: without(b"From") + b"From: " + b'"\\' * 20_000 + b"\r\n" + BODY, {"from_email": ""}),
    "from_of_angle_brackets": (lambda: without(b"From") + b"From: " + b"<" * 20_000 + b"\r\n" + BODY, {}),
    "from_of_groups": (lambda: without(b"From") + b"From: " + b"a:" * 20_000 + b"\r\n" + BODY, {"from_email": ""}),
    "date_of_brackets": (lambda: without(b"Date") + b"Date: " + b"(" * 20_000 + b"\r\n" + BODY, SAID),
    "10000_receivers": (
        lambda: (
            without(b"To:") + b"To: " + b",\r\n ".join(b"a%d@x.example" % n for n in range(10_000)) + b"\r\n" + BODY
        ),
        SAID,
    ),
    "10000_references": (
        lambda: HEAD + b"References:" + b"".join(b"\r\n <%d@x.example>" % n for n in range(10_000)) + b"\r\n" + BODY,
        SAID,
    ),
    "5000_encoded_words": (
        lambda: without(b"Subject") + b"Subject:" + b"\r\n =?utf-8?q?=C3=B6?=" * 5000 + b"\r\n" + BODY,
        {"subject_has": ["ö" * 50]},
    ),
    "encoded_words_never_ended": (
        lambda: without(b"Subject") + b"Subject: " + b"=?utf-8?q?" * 20_000 + b"\r\n" + BODY,
        {"text": "Some words."},
    ),
    "5000_nested_divs": (lambda: page(b"<div>" * 5000 + b"Some words."), SAID | {"text_has": ["Some words."]}),
    "5000_nested_quotes": (lambda: page(b"Mine<blockquote>" * 5000 + b"Some words."), SAID | {"text_has": ["Mine"]}),
    "5000_nested_tables": (lambda: page(b"<table><tr><td>" * 5000 + b"Some words."), SAID),
    "100000_less_than_signs": (lambda: page(b"Some words. " + b"<" * 100_000), SAID | {"text_has": ["Some words."]}),
    "comments_never_closed": (lambda: page(b"Some words." + b"<!-- x" * 20_000), SAID),
    "tags_never_closed": (lambda: page(b"Some words." + b'<a href="' * 10_000), SAID),
    "style_of_200_kB": (lambda: page(b'<p style="' + b"color:red;" * 20_000 + b'">Some words.'), SAID),
    "entities_100000": (lambda: page(b"Some words. " + b"&amp;" * 100_000), SAID | {"text_has": ["Some words. &&&"]}),
    "on_on_on": (lambda: HEAD + b"\r\n" + b"On " * 60_000 + b"\r\n", SAID),
    "on_lines": (lambda: HEAD + b"\r\n" + b"On Monday, Ola\r\n" * 20_000, SAID),
    "am_schrieb": (lambda: HEAD + b"\r\n" + b"Am 14.05.2026 schrieb " * 20_000 + b"\r\n", SAID),
    "header_block_lines": (lambda: HEAD + b"\r\n" + b"From: a\r\nSent: b\r\n" * 20_000, SAID),
    "dashes_and_spaces": (lambda: HEAD + b"\r\n" + b"- " * 60_000 + b"x\r\n" + b"-" * 100_000 + b"\r\n", SAID),
    "spaces": (lambda: HEAD + b"\r\nSome words." + b" " * 200_000 + b"x\r\n", SAID | {"text_has": ["Some words."]}),
    "line_ends": (
        lambda: HEAD + b"\r\nSome words." + b"\r\n" * 100_000 + b"x\r\n",
        SAID | {"text_has": ["Some words."]},
    ),
    "quote_signs": (lambda: HEAD + b"\r\nSome words.\r\n" + b">" * 100_000 + b"\r\n", SAID | {"said": "Some words."}),
    "quoted_lines": (lambda: HEAD + b"\r\nSome words.\r\n" + b"> old\r\n" * 30_000, SAID | {"said": "Some words."}),
    "answers_between_quotes": (
        lambda: HEAD + b"\r\n" + b"> old\r\nSome words.\r\n" * 10_000,
        SAID | {"said_has": ["Some words."], "said_lacks": ["old"]},
    ),
    "flowed_lines": (
        lambda: HEAD + b"Content-Type: text/plain; format=flowed\r\n\r\n" + b"word \r\n" * 50_000,
        SAID | {"text_has": ["word word word"]},
    ),
    "soft_breaks": (
        lambda: HEAD + b"Content-Transfer-Encoding: quoted-printable\r\n\r\n" + b"a=\r\n" * 50_000,
        SAID | {"text_has": ["aaaa"]},
    ),
}


def read(mail: Mail, field: str) -> Any:
    if field == "date":
        return mail.date.isoformat()
    if field == "attachments":
        return [[one.name, one.type, one.size] for one in mail.attachments]
    if field == "cids":
        return [one.cid for one in mail.attachments]
    value = getattr(mail, field)
    return bool(value) if field == "problems" else list(value) if isinstance(value, tuple) else value


def is_file(file: list[Any], wanted: list[Any]) -> bool:
    """null means whatever, a name with * in front an ending."""
    name = str(wanted[0] or "")
    named = file[0].endswith(name[1:]) if name.startswith("*") else file[0] == name or wanted[0] is None
    return named and all(want in (None, is_) for is_, want in zip(file[1:], wanted[1:], strict=True))


def difference(mail: Mail, field: str, wanted: Any) -> str:
    """What is wrong with a field, "" for nothing."""
    base, _, way = field.rpartition("_")
    if field == "bounce" and wanted is not None:
        if mail.bounce is None:
            return "bounce is None"
        wrong = [key for key, one in wanted.items() if key != "reason_has" and getattr(mail.bounce, key) != one]
        wrong += [word for word in wanted.get("reason_has", ()) if word not in mail.bounce.reason]
        return f"bounce: {wrong} in {mail.bounce}" if wrong else ""
    if field == "attachments_has":
        files = read(mail, "attachments")
        lost = [one for one in wanted if not any(is_file(file, one) for file in files)]
        return f"attachments {files} lack {lost}" if lost else ""
    if way in ("has", "lacks"):
        words = [word for word in wanted if (word in read(mail, base)) is (way == "lacks")]
        return f"{field}: {words} in {read(mail, base)[:2000]!r}" if words else ""
    is_ = read(mail, field)
    same = len(is_) == len(wanted) and all(map(is_file, is_, wanted)) if field == "attachments" else is_ == wanted
    return "" if same else f"{field} is {str(is_)[:2000]!r}, not {wanted!r}"


def flaws(mail: Mail) -> list[str]:
    """What no mail may break, whatever it is."""
    found = []
    texts = [mail.message_id, mail.in_reply_to, mail.from_name, mail.from_email, mail.reply_to, mail.subject, mail.text]
    texts += [mail.said, mail.html, mail.hidden, *mail.references, *mail.to, *mail.cc, *mail.problems]
    texts += [*mail.headers, *mail.headers.values()]
    texts += [text for one in mail.attachments for text in (one.name, one.type, one.cid)]
    texts += (
        [mail.bounce.message_id, mail.bounce.recipient, mail.bounce.status, mail.bounce.reason] if mail.bounce else []
    )
    if any("\x00" in text or any("\ud800" <= sign <= "\udfff" for sign in text) for text in texts):
        found.append("a NUL or a lone surrogate")
    if mail.date.tzinfo is None or not mail.date.astimezone(UTC):
        found.append("a date that cannot be stored")
    if not mail.message_id or any(sign in mail.message_id for sign in "<>"):
        found.append(f"message_id {mail.message_id!r}")
    if any(len(one.splitlines()) > 1 for one in (mail.subject, mail.from_name, mail.from_email, mail.reply_to)):
        found.append("a header on two lines")
    if any(one != one.lower() for one in (mail.from_email, mail.reply_to, *mail.to, *mail.cc)):
        found.append("an address not in lower case")
    if mail.text.strip() and not mail.said.strip():
        found.append("nothing is said")
    for one in mail.attachments:
        if any(sign in "/\\" or unicodedata.category(sign) in ("Cc", "Cf") for sign in one.name):
            found.append(f"a sign in the name {one.name!r}")
        if len(one.name) > 255 or one.name in (".", "..") or len(one.content) != one.size:
            found.append(f"attachment {one.name!r} of {one.size}")
    return found


def check(raw: bytes, expected: dict[str, Any]) -> None:
    mail = parse_mail(raw)

    assert flaws(mail) + [text for key, one in expected.items() if (text := difference(mail, key, one))] == []


@pytest.mark.parametrize("name", sorted(path.stem for path in ODD.glob("*.eml")))
def test_an_odd_mail_is_read_as_a_person_reads_it(name: str) -> None:
    check((ODD / f"{name}.eml").read_bytes(), json.loads((ODD / f"{name}.json").read_text("utf-8")))


@pytest.mark.parametrize("name", BIG)
def test_a_huge_mail_is_read(name: str) -> None:
    build, expected = BIG[name]
    raw = build()
    start = process_time()
    check(raw, expected)

    assert process_time() - start < SECONDS


def test_the_collection_is_whole() -> None:
    mails, notes = ({path.stem for path in ODD.glob(ending)} for ending in ("*.eml", "*.json"))

    assert mails == notes
    assert len(mails) >= 150
