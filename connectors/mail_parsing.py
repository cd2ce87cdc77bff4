"""Bytes become a Mail. Pure, and tolerant: whatever a stranger sends, something readable comes out."""

import email
import re
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email import policy
from email.errors import HeaderParseError
from email.header import decode_header
from email.message import Message
from email.utils import getaddresses, parsedate_to_datetime
from html.parser import HTMLParser
from typing import Literal

Kind = Literal["person", "auto_reply", "bounce", "list", "own"]
OWN_HEADER = "X-Courtdesk-Ticket"
LONGEST_TEXT = 200_000
LONGEST_HTML = 1_000_000
MOST_PARTS = 200
# What the standard library raises on hostile mail; one such mail must not stop the others.
BREAKS = (ValueError, LookupError, TypeError, AttributeError, AssertionError, RecursionError)
QUOTE_START = re.compile(
    r"^\s*(On .{4,120} wrote:|Am .{4,120} schrieb .{0,120}:|-{3,} ?(Original Message|Ursprüngliche Nachricht|Forwarded message|Weitergeleitete Nachricht) ?-{3,}|_{10,})\s*$",
    re.IGNORECASE | re.MULTILINE,
)


class UnreadableMail(Exception):
    """There is nothing in the bytes that a person could read."""


@dataclass(frozen=True)
class Attachment:
    name: str
    type: str
    size: int
    content: bytes = field(repr=False)


@dataclass(frozen=True)
class Mail:
    """A mail as a person would read it.

    message_id, in_reply_to, references: ids without angle brackets; "" or () where missing. date: aware, the moment
    that the header states, now where it states none. from_email, reply_to: lower case, "" where missing.
    text: the whole plain text, from HTML where there is no other. said: its newly written part, without the quoted
    mail below. html: as sent, unsafe. kind: who wrote it, a person or a machine.
    """

    message_id: str
    in_reply_to: str
    references: tuple[str, ...]
    date: datetime
    from_name: str
    from_email: str
    reply_to: str
    to: tuple[str, ...]
    cc: tuple[str, ...]
    subject: str
    text: str
    said: str
    html: str
    attachments: tuple[Attachment, ...]
    kind: Kind

    @property
    def wants_an_answer(self) -> bool:
        return self.kind == "person"


def parse_mail(raw: bytes) -> Mail:
    """Read one mail. Raise UnreadableMail where there are no headers, or neither a sender nor any text."""
    try:
        return read(raw)
    except BREAKS as error:
        raise UnreadableMail(f"Its form breaks every rule ({type(error).__name__}).") from error


def read(raw: bytes) -> Mail:
    # compat32 on purpose: policy.default raises or stalls on hostile headers.
    message = email.message_from_bytes(raw, policy=policy.compat32)
    if not message.keys():
        raise UnreadableMail("It has no headers, so it is not a mail.")
    plain, html, attachments = contents(message)
    text = (plain or text_of_html(html))[:LONGEST_TEXT].replace("\x00", "").replace("\r\n", "\n").strip()
    from_name, from_email = sender(message)
    if not from_email and not text and not attachments:
        raise UnreadableMail("It has no sender and no text that can be read.")
    return Mail(
        message_id=first_id(header(message, "Message-ID")),
        in_reply_to=first_id(header(message, "In-Reply-To")),
        references=tuple(ids(header(message, "References"))),
        date=sent_at(message),
        from_name=from_name,
        from_email=from_email,
        reply_to=next(iter(addresses(message, "Reply-To")), ("", ""))[1],
        to=tuple(address for _, address in addresses(message, "To")),
        cc=tuple(address for _, address in addresses(message, "Cc")),
        subject=" ".join(header(message, "Subject").split()),
        text=text,
        said=newly_said(text),
        html=html[:LONGEST_HTML],
        attachments=tuple(attachments),
        kind=kind_of(message, from_email),
    )


def header(message: Message, name: str) -> str:
    """The first header of that name, decoded as far as it can be."""
    value = message.get(name)
    if value is None:
        return ""
    try:
        chunks = decode_header(str(value)[:20_000])
    except (HeaderParseError, ValueError):
        return clean(str(value))
    return clean("".join(part if isinstance(part, str) else decoded(part, charset) for part, charset in chunks))


def clean(text: str) -> str:
    """Text that can be stored and shown: no NUL, no lone surrogates."""
    return text.replace("\x00", "").encode("utf-8", "replace").decode("utf-8")


def decoded(content: bytes, charset: str | None) -> str:
    """Believe the charset that is stated, then UTF-8, then Windows."""
    for name in (charset, "utf-8", "cp1252"):
        try:
            return content.decode(name or "utf-8")
        except (LookupError, UnicodeDecodeError, ValueError):
            continue
    return content.decode("latin-1")


def addresses(message: Message, name: str) -> list[tuple[str, str]]:
    found = getaddresses([header(message, name)])
    return [(shown.strip(), address.strip().lower()) for shown, address in found if "@" in address]


def sender(message: Message) -> tuple[str, str]:
    """Name and address of From. Several addresses are ambiguous: then the header as it stands, and no address."""
    found = addresses(message, "From")
    if len(found) == 1 and len(message.get_all("From", [])) == 1:
        return found[0]
    return header(message, "From")[:200], ""


def sent_at(message: Message) -> datetime:
    try:
        stated = parsedate_to_datetime(header(message, "Date"))
        return stated if stated.tzinfo else stated.replace(tzinfo=UTC)
    except (TypeError, ValueError, IndexError, OverflowError):
        return datetime.now(UTC)


def ids(words: str) -> list[str]:
    return re.findall(r"<([^<>\s]+)>", words)


def first_id(words: str) -> str:
    return next(iter(ids(words)), words.strip() if words.strip() and " " not in words.strip() else "")


def contents(message: Message) -> tuple[str, str, list[Attachment]]:
    """Plain text, HTML, and everything else as attachments."""
    plain: list[str] = []
    html: list[str] = []
    attachments: list[Attachment] = []
    for count, part in enumerate(message.walk()):
        if count > MOST_PARTS:
            break
        if part.is_multipart():
            continue
        content = payload(part)
        kind, name = part.get_content_type(), file_name(part)
        shown = "attachment" not in str(part.get("Content-Disposition", "")).lower()
        if kind == "text/plain" and shown and not name:
            plain.append(decoded(content, charset_of(part)))
        elif kind == "text/html" and shown and not name:
            html.append(decoded(content, charset_of(part)))
        elif content or name:
            attachments.append(Attachment(name or f"part-{count}", kind, len(content), content))
    return clean("\n".join(plain)), clean("\n".join(html)), attachments


def payload(part: Message) -> bytes:
    try:
        content = part.get_payload(decode=True)
    except (ValueError, AssertionError):
        content = None
    if isinstance(content, bytes):
        return content
    return str(part.get_payload()).encode("utf-8", "replace")


def charset_of(part: Message) -> str | None:
    try:
        return part.get_content_charset()
    except (LookupError, ValueError):
        return None


def file_name(part: Message) -> str:
    try:
        name = part.get_filename() or ""
    except (LookupError, ValueError, TypeError):
        return "unnamed"
    return clean(re.sub(r"[\x00-\x1f/\\]", "_", str(name)))[:200]


def newly_said(text: str) -> str:
    """What stands above the first quoted mail; the whole text where nothing stands above it."""
    found = QUOTE_START.search(text)
    above = text[: found.start()] if found else text
    own = "\n".join(line for line in above.split("\n") if not line.startswith(">")).strip()
    return own or text


def kind_of(message: Message, from_email: str) -> Kind:
    if message.get(OWN_HEADER):
        return "own"
    local = from_email.split("@")[0]
    if message.get_content_type() == "multipart/report" or local in ("mailer-daemon", "postmaster"):
        return "bounce"
    precedence = header(message, "Precedence").lower()
    if (
        header(message, "Auto-Submitted").lower() not in ("", "no")
        or message.get("X-Autoreply")
        or precedence == "auto_reply"
    ):
        return "auto_reply"
    if message.get("List-Id") or message.get("List-Unsubscribe") or precedence in ("bulk", "list", "junk"):
        return "list"
    return "person"


class TextOfHtml(HTMLParser):
    """Collects what a reader of the HTML would see, one line per block."""

    BLOCKS = frozenset(
        ["p", "div", "br", "tr", "li", "h1", "h2", "h3", "h4", "h5", "h6", "table", "blockquote", "ul", "ol", "hr"]
    )
    HIDDEN = frozenset(["script", "style", "head", "title", "template"])

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.words: list[str] = []
        self.hidden = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.hidden += tag in self.HIDDEN
        if tag in self.BLOCKS:
            self.words.append("\n")

    def handle_endtag(self, tag: str) -> None:
        self.hidden -= tag in self.HIDDEN and self.hidden > 0
        if tag in self.BLOCKS - {"br"}:
            self.words.append("\n")

    def handle_data(self, data: str) -> None:
        if not self.hidden:
            self.words.append(re.sub(r"\s+", " ", data))


def text_of_html(html: str) -> str:
    parser = TextOfHtml()
    parser.feed(html[:LONGEST_HTML])
    lines = [line.strip() for line in "".join(parser.words).split("\n")]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()
