"""The parts of a mail become its text, its HTML and its attachments. Pure."""

import mimetypes
from dataclasses import dataclass, field
from email.message import Message

from connectors.charsets import clean, decoded, words_of
from connectors.containers import Unpacked, unpacked
from connectors.html_text import text_of_html
from connectors.mail_parts import (
    as_bytes,
    charset_in_html,
    charset_of,
    disposition,
    file_name,
    flowed,
    kind_of_part,
    parts_in,
    payload,
    report_fields,
    safe_name,
)

DEEPEST = 50
MOST_PARTS = 500


@dataclass(frozen=True)
class Attachment:
    """`type` is what the mail claims. `cid`: under which name its HTML shows it in place, "" for none."""

    name: str
    type: str
    size: int
    content: bytes = field(repr=False)
    cid: str = ""


@dataclass(frozen=True)
class Body:
    """`status` and `returned`: of a multipart/report, its machine-readable part and the headers that came back."""

    text: str
    html: str
    attachments: tuple[Attachment, ...]
    hidden: str
    status: str
    returned: str
    problems: tuple[str, ...]
    report_type: str = ""


def body_of(message: Message) -> Body:
    reader = BodyReader()
    text = reader.read(message, 0)
    html = "\n".join(reader.html)
    if not text.strip() and reader.spare:
        text = "\n\n".join(reader.spare)
    report = message.get_content_type() == "multipart/report"
    kind = str(message.get_param("report-type") or "delivery-status").lower() if report else ""
    if report and reader.receipt:
        kind = "disposition-notification"
    return Body(
        clean(text), clean(html), tuple(reader.attachments), clean("\n".join(reader.hidden)), clean("\n".join(reader.status)),
        clean("\n".join(reader.returned)), tuple(reader.problems), kind,
    )  # fmt: skip


class BodyReader:
    """Walks the parts once. What is shown becomes text and HTML, everything else an attachment."""

    def __init__(self) -> None:
        self.html: list[str] = []
        self.attachments: list[Attachment] = []
        self.hidden: list[str] = []
        self.spare: list[str] = []  # what to show where there is no text at all
        self.status: list[str] = []
        self.returned: list[str] = []
        self.problems: list[str] = []
        self.parts = 0
        self.receipt = False

    def read(self, part: Message, depth: int) -> str:
        """The part's text."""
        self.parts += 1
        if self.parts > MOST_PARTS or depth > DEEPEST:
            if self.parts == MOST_PARTS + 1 or depth > DEEPEST:
                self.problems.append("It has too many parts or nests them too deeply: the rest is left out.")
            return ""
        kind = kind_of_part(part)
        if part.is_multipart() and kind.startswith("multipart/"):
            return self.read_all(part, kind, depth)
        if kind in ("message/rfc822", "message/global"):
            return self.enclosed(part)
        content = payload(part)
        if kind.startswith("multipart/"):  # without a boundary, or without parts: what stands there is its text
            return decoded(content, charset_of(part))
        name, shown = file_name(part), disposition(part) != "attachment"
        if kind in ("message/delivery-status", "message/global-delivery-status", "message/feedback-report"):
            self.status.append(report_fields(part, content))
            return ""
        if kind in ("message/disposition-notification", "message/global-disposition-notification"):
            self.receipt = True
            return ""
        if kind in ("text/rfc822-headers", "message/rfc822-headers", "message/global-headers"):
            self.returned.append(report_fields(part, content))
            return ""
        found = unpacked(kind, name, content)
        if found is not None:
            return self.take(found, depth)
        if kind in ("text/plain", "text/html") and shown and not name:
            stated = charset_of(part) if kind == "text/plain" else charset_in_html(content, charset_of(part))
            words = decoded(content, stated)
            if "\ufffd" in words and "Some of its characters cannot be read." not in self.problems:
                self.problems.append("Some of its characters cannot be read.")
            return flowed(part, words) if kind == "text/plain" else self.read_html(words)
        self.attach(part, kind, name, content)
        return ""

    def read_all(self, part: Message, kind: str, depth: int) -> str:
        texts, htmls = [], len(self.html)
        payloads = part.get_payload()
        for child in parts_in(payloads):
            text = self.read(child, depth + 1)
            texts.append((kind_of_part(child), text))
        if kind == "multipart/encrypted":
            self.problems.append("It is encrypted: only its sender's program can show it.")
        if kind == "multipart/alternative":
            plain = [text for name, text in texts if name == "text/plain" and text.strip()]
            rich = [text for name, text in texts if name != "text/plain" and text.strip()]
            del self.html[htmls + 1 :]  # one way of saying the same is enough
            return (plain or rich or [""])[0]
        different = {
            " ".join(text.split()): text for _, text in reversed(texts) if text.strip()
        }  # Outlook says it twice
        return "\n\n".join(reversed(different.values()))

    def read_html(self, html: str) -> str:
        self.html.append(html)
        found = text_of_html(html)
        if found.hidden:
            self.hidden.append(found.hidden)
        return found.text

    def take(self, found: Unpacked, depth: int) -> str:
        """What a container held: a whole mail part, or a text with attachments."""
        if found.problem:
            self.problems.append(found.problem)
        for name, content in found.files:
            kind = mimetypes.guess_type(name)[0] or "application/octet-stream"
            self.attachments.append(Attachment(safe_name(name), kind, len(content), content))
        if found.spare:
            self.spare.append(found.spare)
        text = self.read(found.part, depth + 1) if found.part is not None else found.text
        if found.html:
            from_html = self.read_html(found.html)
            text = text or from_html
        return text

    def enclosed(self, part: Message) -> str:
        """A mail inside a mail is kept whole; its text is shown where the outer one has none."""
        inner = next(iter(part.get_payload()), None) if part.is_multipart() else None
        if not isinstance(inner, Message):
            self.attach(part, "message/rfc822", file_name(part) or "mail.eml", payload(part))
            return ""
        subject = " ".join(words_of(str(inner.get("Subject", ""))[:1000]).split())
        content = as_bytes(inner)
        name = file_name(part) or f"{safe_name(subject)[:80] or 'mail'}.eml"
        self.attachments.append(Attachment(name, "message/rfc822", len(content), content))
        self.returned.append("\n".join(f"{key}: {value}" for key, value in inner.raw_items())[:20_000])
        quiet = BodyReader()
        quiet.parts = self.parts
        self.spare.append(quiet.read(inner, DEEPEST - 5))
        self.parts = quiet.parts
        return ""

    def attach(self, part: Message, kind: str, name: str, content: bytes) -> None:
        cid = words_of(str(part.get("Content-ID", ""))[:300]).strip().strip("<>")
        if not (content or name):
            return
        if not name:
            name = f"part-{self.parts}{mimetypes.guess_extension(kind) or ''}"
        self.attachments.append(Attachment(name, kind, len(content), content, clean(cid)))
