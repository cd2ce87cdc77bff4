"""Each odd mail beside what a person would read in it."""

import base64
from pathlib import Path

import pytest
from builders import raw_mail
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.mail_parsing import parse_mail

EMAILS = Path(__file__).parent.parent / "emails"


def test_a_plain_mail_is_read() -> None:
    mail = parse_mail(raw_mail("Hi,\r\nI am anna42."))

    assert (mail.from_name, mail.from_email) == ("Anna Kowalczyk", "anna@kowalczyk.example")
    assert (mail.subject, mail.text, mail.kind) == ("Login", "Hi,\nI am anna42.", "person")
    assert mail.message_id == "one@kowalczyk.example"
    assert mail.date.isoformat() == "2026-05-14T09:12:00+02:00"


@pytest.mark.parametrize(
    ("name", "subject", "text", "kind"),
    [
        ("latin1_quoted_printable.eml", "Platz für Müller", "Grüße aus Köln", "person"),
        ("html_only.eml", "Court", "I would like court 3.\n\nThanks", "person"),
        ("out_of_office.eml", "Automatic reply: Re: Login", "I am away", "auto_reply"),
        ("bounce.eml", "Undelivered Mail Returned to Sender", "could not be delivered", "bounce"),
        ("newsletter.eml", "Spring offers", "Rackets", "list"),
        ("wrong_charset.eml", "Hallo", "Größe", "person"),
        ("no_message_id.eml", "(none)", "no id here", "person"),
    ],
)
def test_an_odd_mail_is_read(name: str, subject: str, text: str, kind: str) -> None:
    mail = parse_mail((EMAILS / name).read_bytes())

    assert mail.subject == subject
    assert text in mail.text
    assert mail.kind == kind
    assert "<" not in mail.text


def test_an_attachment_is_listed_with_its_size() -> None:
    mail = parse_mail((EMAILS / "attachment.eml").read_bytes())

    assert [(a.name, a.type, a.size) for a in mail.attachments] == [("plan.txt", "text/plain", 11)]
    assert mail.text == "See attachment."


def test_a_quoted_mail_is_told_from_what_is_said() -> None:
    mail = parse_mail(raw_mail("Yes please.\r\n\r\nOn Tue, 12 May 2026, TC Westpark wrote:\r\n> Shall we?\r\n"))

    assert mail.said == "Yes please."
    assert "Shall we?" in mail.text


def test_our_own_mail_is_known() -> None:
    assert parse_mail(raw_mail(more="X-Courtdesk-Ticket: 7\r\n")).kind == "own"


def test_two_senders_are_no_sender() -> None:
    assert parse_mail(raw_mail(sender="a@x.example, b@y.example")).from_email == ""


def test_nothing_at_all_is_not_readable() -> None:
    assert not parse_mail(b"\x00\xff\xfe\n\n").readable
    assert not parse_mail(b"").readable


def test_a_reader_of_a_foreign_format_that_stumbles_costs_only_its_part() -> None:
    """Found by fuzzing: tnefparse meets an attachment's data before the attachment."""
    attribute = b"\x02" + b"\x0f\x80\x06\x00" + b"\x01\x00\x00\x00" + b"x" + b"\x78\x00"
    tnef = b"\x78\x9f\x3e\x22\x01\x00" + attribute
    raw = raw_mail(
        base64.b64encode(tnef).decode(),
        more="Content-Type: application/ms-tnef; name=winmail.dat\r\nContent-Transfer-Encoding: base64\r\n",
    )

    mail = parse_mail(raw)

    assert [(one.name, one.content) for one in mail.attachments] == [("winmail.dat", tnef)]
    assert "damaged" in mail.problems[0]


LINES = st.sampled_from(
    [
        b"From: a@b.example", b"From: =?utf-8?q?M=C3?= <a@b.example>", b"Subject: \xff\xfe", b"Content-Type: multipart/mixed; boundary=x",
        b'Content-Type: multipart/alternative; boundary="y"', b"Content-Type: text/html; charset=iso-2022-jp", b"Content-Type: message/rfc822",
        b"Content-Type: application/ms-tnef; name=winmail.dat", b"Content-Type: text/calendar", b"Content-Type: multipart/report; report-type=delivery-status; boundary=x",
        b"Content-Type: application/pkcs7-mime; name=smime.p7m", b"Content-Type: message/delivery-status", b"Content-Type: text/plain; format=flowed; delsp=yes",
        b"Content-Transfer-Encoding: base64", b"Content-Transfer-Encoding: quoted-printable", b"Content-Transfer-Encoding: x-uuencode", b"Content-Disposition: attachment; filename*0*=utf-8''%ff",
        b"--x", b"--x--", b"--y", b"", b"", b"> quoted", b"On 1 May 2026 at 10:00, A <a@b.example> wrote:", b"-- ", b"<div style='display:none'>hidden", b"=FF=\x00", b"\x1b$B",
    ]
)  # fmt: skip


@settings(max_examples=400, deadline=None)
@given(
    st.one_of(
        st.binary(max_size=3000), st.lists(st.one_of(LINES, st.binary(max_size=60)), max_size=60).map(b"\r\n".join)
    )
)
def test_whatever_comes_it_never_raises_and_can_be_stored(raw: bytes) -> None:
    mail = parse_mail(raw)

    assert parse_mail(raw).message_id == mail.message_id != ""
    words = [
        mail.text,
        mail.said,
        mail.subject,
        mail.from_name,
        mail.from_email,
        mail.html,
        mail.hidden,
        *mail.to,
        *mail.references,
    ]
    words += [word for one in mail.attachments for word in (one.name, one.type, one.cid)]
    for word in words:
        assert "\x00" not in word
        word.encode("utf-8")
    assert mail.date.tzinfo is not None
    assert all("/" not in one.name for one in mail.attachments)


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(["From", "Subject", "Date", "Content-Type", "Message-ID", "References"]), st.text(max_size=200))
def test_no_header_raises(name: str, value: str) -> None:
    raw = f"{name}: {value}\r\nFrom: a@b.example\r\n\r\nhello".encode("utf-8", "replace")

    parse_mail(raw)
