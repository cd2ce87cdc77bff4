"""The parts of a mail become its text, its HTML and its attachments. Pure."""

import mimetypes
import re
from dataclasses import dataclass, field
from email.message import Message
from email.utils import collapse_rfc2231_value

from connectors.charsets import BREAKS, clean, decoded, words_of
from connectors.containers import Unpacked, unpacked
from connectors.html_text import text_of_html

DEEPEST = 50
MOST_PARTS = 500
LONGEST_CONTENT_TYPE = 4_000
UNSAFE_IN_NAMES = re.compile(r"[\x00-\x1f\x7f\u200b-\u200f\u202a-\u202e\u2066-\u2069]")


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
        if kind == "message/rfc822":
            return self.enclosed(part)
        content = payload(part)
        if kind.startswith("multipart/"):  # without a boundary, or without parts: what stands there is its text
            return decoded(content, charset_of(part))
        name, shown = file_name(part), disposition(part) != "attachment"
        if kind in ("message/delivery-status", "message/feedback-report"):
            self.status.append(report_fields(part, content))
            return ""
        if kind in ("text/rfc822-headers", "message/rfc822-headers"):
            self.returned.append(decoded(content, charset_of(part)))
            return ""
        found = unpacked(kind, name, content)
        if found is not None:
            return self.take(found, depth)
        if kind == "text/plain" and shown and not name:
            return flowed(part, decoded(content, charset_of(part)))
        if kind == "text/html" and shown and not name:
            return self.read_html(decoded(content, charset_in_html(content, charset_of(part))))
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
        return "\n\n".join(text for _, text in texts if text.strip())

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


def parts_in(payload: object) -> list[Message]:
    return [one for one in payload if isinstance(one, Message)] if isinstance(payload, list) else []


def kind_of_part(part: Message) -> str:
    for name, value in list(part.raw_items()):
        value = str(value)
        if name.lower() not in ("content-type", "content-disposition"):
            continue
        if not value.isascii():
            part.replace_header(name, clean(decoded(value.encode("utf-8", "surrogateescape"), "")))
        if len(value) > LONGEST_CONTENT_TYPE:  # the parser of parameters is slow on long nonsense
            part.replace_header(name, value[:LONGEST_CONTENT_TYPE].split(";;")[0])
    try:
        return clean(part.get_content_type())
    except BREAKS:
        return "application/octet-stream"


def disposition(part: Message) -> str:
    return str(part.get("Content-Disposition", "")).partition(";")[0].strip().lower()


def payload(part: Message) -> bytes:
    try:
        content = part.get_payload(decode=True)
    except BREAKS:
        content = None
    if isinstance(content, bytes) and content:
        return content
    stated = part.get_payload()
    return stated.encode("utf-8", "surrogateescape") if isinstance(stated, str) else b""


def as_bytes(message: Message) -> bytes:
    try:
        return message.as_bytes()
    except BREAKS:
        return "\n".join(f"{name}: {value}" for name, value in message.raw_items()).encode("utf-8", "surrogateescape")


def charset_of(part: Message) -> str | None:
    try:
        return part.get_content_charset()
    except BREAKS:
        return None


def charset_in_html(content: bytes, stated: str | None) -> str | None:
    """What the HTML itself says, where the mail does not."""
    found = re.search(rb"<meta[^>]{0,200}charset=[\"']?([\w-]{2,40})", content[:4000], re.IGNORECASE)
    return stated or (found[1].decode("ascii", "replace") if found else None)


def flowed(part: Message, text: str) -> str:
    """Join the lines that format=flowed has broken (RFC 3676); lines end in a plain newline."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    try:
        is_flowed = str(part.get_param("format", "")).lower() == "flowed"
        glued = str(part.get_param("delsp", "")).lower() == "yes"
    except BREAKS:
        return text
    if not is_flowed:
        return text
    out: list[str] = []
    open_line = False
    for line in text.split("\n"):
        quoted, bare = line.startswith(">"), line.removeprefix(" ") if line.startswith(" ") else line
        if open_line and out and not quoted and not out[-1].startswith(">"):
            out[-1] += bare
        else:
            out.append(bare)
        open_line = bare.endswith(" ") and bare != "-- " and not quoted
        if open_line and glued:
            out[-1] = out[-1][:-1]
    return "\n".join(line.rstrip() if line != "-- " else line for line in out)


def report_fields(part: Message, content: bytes) -> str:
    """The groups of fields of a delivery report, which the parser takes for mails of their own."""
    groups = part.get_payload()
    if isinstance(groups, list):
        return "\n".join(f"{name}: {value}" for group in parts_in(groups) for name, value in group.raw_items())
    return decoded(content, "utf-8")


def file_name(part: Message) -> str:
    """As the mail names it, however that is encoded; never with a path."""
    for header, parameter in (("content-disposition", "filename"), ("content-type", "name")):
        try:
            stated = part.get_param(parameter, None, header)
            if stated is not None:
                found = safe_name(words_of(collapse_rfc2231_value(stated)))
                if found:
                    return found
        except BREAKS:
            return "unnamed"
    return ""


def safe_name(name: str) -> str:
    bare = clean(name.encode("utf-8", "replace").decode()).replace("\\", "/").rstrip("/").rpartition("/")[2]
    return UNSAFE_IN_NAMES.sub("", bare).strip().strip(".")[:200]
