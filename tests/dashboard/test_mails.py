"""What came with a mail, through the pages: sealed, sanitised, and only what is safe is shown in place."""

from collections.abc import Sequence
from email.message import EmailMessage

import pytest
from builders import fetched, raw_mail, taken_in
from fakes import FakeMailbox
from pages import FORM, Pages

from connectors import intake
from connectors.mail_parsing import Mail as ParsedMail
from db import mails
from db.models import Mail, Ticket

PNG = b"\x89PNG\r\n\x1a\n" + b"picture"
HOSTILE = """<html><head><title>t</title><style>.x{color:red}</style></head><body onload="alert(1)">
<script>alert(2)</script><p style="color:red;position:fixed" onclick="alert(3)">Hello</p><a href="javascript:alert(4)">x</a>
<form action="https://evil.example"><input name=q></form><img src="cid:shot"><img src="https://track.example/p.gif">
<iframe src="https://evil.example"></iframe><svg onload="alert(5)"></svg><a href="https://club.example">club</a></body></html>"""


def letter() -> bytes:
    mail = EmailMessage()
    mail["From"], mail["Subject"], mail["Message-ID"] = "Eve <eve@evil.example>", "Look", "<look@evil.example>"
    mail["Date"] = "Thu, 14 May 2026 09:12:00 +0200"
    mail.set_content("Hello")
    mail.add_alternative(HOSTILE, subtype="html")
    mail.get_payload()[1].add_related(PNG, "image", "png", cid="<shot>", filename="shot.png")  # type: ignore[union-attr, index]
    mail.add_attachment(b"<script>alert(6)</script>", maintype="image", subtype="png", filename='bad".png')
    mail.add_attachment(b"<svg/>", maintype="image", subtype="svg+xml", filename="Zeichnung ö.svg")
    return mail.as_bytes()


@pytest.fixture
def arrived(pages: Pages) -> int:
    """The number of the mail."""
    mailbox = FakeMailbox([letter()])
    while taken_in(pages.open_session, mailbox):
        pass
    with pages.open_session.reading() as session:
        return int(session.query(Mail.id).filter(Mail.message_id == "look@evil.example").scalar())


def test_html_is_shown_in_a_frame_that_can_do_nothing(pages: Pages, arrived: int) -> None:
    answer = pages.client.get(f"/mails/{arrived}/html")

    policies = answer.headers.get_list("content-security-policy")
    assert len(policies) == 1
    assert "default-src 'none'" in policies[0]
    assert "sandbox allow-popups" in policies[0]
    assert "allow-scripts" not in policies[0]
    assert "img-src data:;" in policies[0]
    for word in ("script", "onload", "onclick", "javascript", "iframe", "<form", "<svg", "position", "track.example"):
        assert word not in answer.text, word
    assert "Hello" in answer.text
    assert 'src="data:image/png;base64,' in answer.text
    assert 'href="https://club.example" target="_blank" rel="noopener noreferrer"' in answer.text


def test_remote_pictures_come_only_on_a_click(pages: Pages, arrived: int) -> None:
    page = pages.client.get("/tickets/2").text
    assert "Pictures from elsewhere are not loaded" in page
    assert 'sandbox="allow-popups allow-popups-to-escape-sandbox"' in page

    answer = pages.client.get(f"/mails/{arrived}/html?images=1")

    assert "https://track.example/p.gif" in answer.text
    assert "img-src data: https: http:;" in answer.headers["content-security-policy"]


@pytest.mark.parametrize(
    ("number", "kind", "how"),
    [
        (0, "image/png", "inline; filename=\"shot.png\"; filename*=UTF-8''shot.png"),
        (1, "application/octet-stream", "attachment; filename=\"bad_.png\"; filename*=UTF-8''bad%22.png"),
        (2, "application/octet-stream", "attachment; filename=\"Zeichnung _.svg\"; filename*=UTF-8''Zeichnung%20%C3%B6.svg"),
    ],
)  # fmt: skip
def test_an_attachment_is_shown_in_place_only_where_it_is_a_picture(
    pages: Pages, arrived: int, number: int, kind: str, how: str
) -> None:
    answer = pages.client.get(f"/mails/{arrived}/attachments/{number}")

    assert answer.status_code == 200
    assert answer.headers["content-type"] == kind
    assert answer.headers["content-disposition"] == how
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["content-security-policy"] == "sandbox; default-src 'none'"


def test_an_attachment_that_is_not_there_is_said(pages: Pages, arrived: int) -> None:
    for path in (f"/mails/{arrived}/attachments/9", "/mails/999/attachments/0", "/mails/999/html", "/mails/999.eml"):
        assert pages.client.get(path).status_code == 404, path
        assert pages.stranger.get(path).headers["location"] == "/session"


def test_an_unreadable_mail_is_listed_and_read_again(pages: Pages) -> None:
    def dies(raws: Sequence[bytes]) -> list[ParsedMail | str]:
        return ["Reading it takes more than 20 seconds." for _ in raws]

    with pages.open_session() as session:
        intake.store(session, "fake", [fetched(raw_mail("at last", message_id="9@x.example"))])
    taken_in(pages.open_session, FakeMailbox([]), dies)
    page = pages.client.get("/unreadable").text
    assert "Reading it takes more than 20 seconds." in page
    with pages.open_session.reading() as session:
        (bad,) = mails.unreadable(session)

    assert pages.client.post(f"/mails/{bad.id}/reading", headers=FORM).headers["location"] == "/unreadable"
    taken_in(pages.open_session, FakeMailbox([]))

    assert "Every mail could be read." in pages.client.get("/unreadable").text
    with pages.open_session.reading() as session:
        assert session.query(Mail).filter(Mail.text == "at last").one().ticket_id is not None


def test_spam_is_dismissed_in_bulk_or_let_in(pages: Pages) -> None:
    spam = [raw_mail(f"buy {i}", message_id=f"{i}@shop.example", more="X-Spam-Flag: YES\r\n") for i in range(3)]
    mailbox = FakeMailbox(spam)
    while taken_in(pages.open_session, mailbox):
        pass
    assert "Dismiss all 3" in pages.client.get("/tickets?view=spam").text

    pages.client.post("/tickets/2/welcome", headers=FORM)
    pages.client.post("/spam/dismissal", headers=FORM)

    with pages.open_session.reading() as session:
        assert [(t.id, t.status, bool(t.spam)) for t in session.query(Ticket).order_by(Ticket.id)] == [
            (1, "in_review", False), (2, "received", False), (3, "dismissed", True), (4, "dismissed", True),
        ]  # fmt: skip
