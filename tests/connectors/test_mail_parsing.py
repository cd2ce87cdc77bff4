"""Each odd mail beside what a person would read in it."""

from pathlib import Path

import pytest
from builders import raw_mail
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.mail_parsing import UnreadableMail, parse_mail

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


def test_nothing_at_all_cannot_be_read() -> None:
    with pytest.raises(UnreadableMail):
        parse_mail(b"\x00\xff\xfe\n\n")


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=3000))
def test_whatever_comes_it_is_read_or_refused(raw: bytes) -> None:
    try:
        mail = parse_mail(raw)
    except UnreadableMail:
        return
    assert "\x00" not in mail.text + mail.subject
    (mail.text + mail.subject + mail.from_name).encode("utf-8")


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(["From", "Subject", "Date", "Content-Type", "Message-ID", "References"]), st.text(max_size=200))
def test_no_header_raises(name: str, value: str) -> None:
    raw = f"{name}: {value}\r\nFrom: a@b.example\r\n\r\nhello".encode("utf-8", "replace")

    parse_mail(raw)
