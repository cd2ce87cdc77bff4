"""The parts of a mail become its text, its HTML and its attachments. Pure."""

import binascii
import mimetypes
import quopri
import re
from dataclasses import dataclass, field
from email.message import Message
from email.utils import collapse_rfc2231_value

from connectors.charsets import BREAKS, clean, decoded, words_of
from connectors.containers import Unpacked, unpacked
from connectors.html_text import text_of_html

DEEPEST = 50
MOST_PARTS = 500
LONGEST_NAME = 200
LONGEST_CONTENT_TYPE = 4_000
TYPE = re.compile(r"^\s*([\w.+-]+/[\w.+-]+)")
COMMENT = re.compile(r"\([^()]{0,500}\)")
SOFT_BREAK = re.compile(rb"=[ \t]+\r?\n")
IN_WORDS = re.compile(rb"[A-Za-z,.:]{2} [A-Za-z]")  # a space between words: base64 has none
NOT_BASE64 = re.compile(rb"[^A-Za-z0-9+/=]")
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
    stated = str(part.get("Content-Type", ""))
    if not stated:
        return clean(part.get_content_type())
    found = TYPE.match(COMMENT.sub("", stated[:LONGEST_CONTENT_TYPE]))
    return found[1].lower() if found else "text/plain"  # what cannot be understood is text (RFC 2045, 5.2)


def disposition(part: Message) -> str:
    return str(part.get("Content-Disposition", "")).partition(";")[0].strip().lower()


def payload(part: Message) -> bytes:
    """The content, its transfer encoding undone as far as it really is that encoding."""
    encoding = COMMENT.sub("", str(part.get("Content-Transfer-Encoding", ""))[:500]).strip().lower()
    stated = part.get_payload()
    if isinstance(stated, str) and encoding in ("base64", "quoted-printable"):
        raw = stated.encode("utf-8", "surrogateescape")
        return from_base64(raw) if encoding == "base64" else quopri.decodestring(SOFT_BREAK.sub(b"=\n", raw))
    try:
        content = part.get_payload(decode=True)
    except BREAKS:
        content = None
    if isinstance(content, bytes) and content:
        return content
    return stated.encode("utf-8", "surrogateescape") if isinstance(stated, str) else b""


def from_base64(raw: bytes) -> bytes:
    """Rubbish inside is passed over, a stray letter at the end too. What is plainly no base64 stays as it is: a whole

    body that was never encoded, and a footer that a list has put below.
    """
    coded, border, footer = raw.strip().partition(b"\n\n") if b"\n\n" in raw else raw.strip().partition(b"\r\n\r\n")
    if not IN_WORDS.search(footer):
        coded, border, footer = raw, b"", b""
    letters = NOT_BASE64.sub(b"", coded)
    foreign = len(b"".join(coded.split())) - len(letters)
    if foreign > max(8, len(coded) // 50) or len(IN_WORDS.findall(coded)) > 2:
        return raw
    letters = letters.rstrip(b"=")
    letters = letters[: len(letters) - (len(letters) % 4 == 1)]
    return binascii.a2b_base64(letters + b"=" * (-len(letters) % 4)) + border + footer


def as_bytes(message: Message) -> bytes:
    try:
        return message.as_bytes()
    except BREAKS:
        return "\n".join(f"{name}: {value}" for name, value in message.raw_items()).encode("utf-8", "surrogateescape")


def charset_of(part: Message) -> str | None:
    try:
        found = part.get_content_charset()
    except BREAKS:
        found = None
    if found is None:  # a comment or a missing semicolon keeps the library from finding it
        loose = re.search(
            r"charset\s*=\s*\"?([\w.:+-]{2,40})",
            str(part.get("Content-Type", ""))[:LONGEST_CONTENT_TYPE],
            re.IGNORECASE,
        )
        found = loose[1].lower() if loose else None
    return found


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
    depth, open_line = 0, False
    for line in text.split("\n"):
        bare = line.lstrip(">")
        now, bare = len(line) - len(bare), bare.removeprefix(" ")
        is_signature = bare in ("-- ", "--")
        if open_line and now == depth and not is_signature:
            out[-1] += bare
        else:
            out.append(f"{'>' * now}{' ' if now else ''}{bare}")
        depth, open_line = now, bare.endswith(" ") and not is_signature
        if open_line and glued:
            out[-1] = out[-1][:-1]
    return "\n".join(line.rstrip() if line != "-- " else line for line in out)


def report_fields(part: Message, content: bytes) -> str:
    """The groups of fields of a delivery report, which the parser takes for mails of their own."""
    groups = parts_in(part.get_payload())
    lines = [f"{name}: {value}" for group in groups for name, value in group.raw_items()]
    head = "\n".join(lines).encode("utf-8", "surrogateescape")
    bodies = [body for group in groups if isinstance(body := group.get_payload(decode=True), bytes)]
    return decoded(b"\n".join([head, *bodies]) if groups else content, "utf-8")


def file_name(part: Message) -> str:
    """As the mail names it, however that is encoded; never with a path."""
    for header, parameter in (("content-disposition", "filename"), ("content-type", "name")):
        try:
            given = [value for name, value in part.get_params([], header) if name.lower() == parameter]
            stated = next(
                (value for value in given if isinstance(value, tuple)), next(iter(given), None)
            )  # RFC 6266, 4.3
            if stated is not None:
                found = safe_name(words_of(collapse_rfc2231_value(stated)))
                if found:
                    return found
        except BREAKS:
            return "unnamed"
    return ""


def safe_name(name: str) -> str:
    bare = clean(name.encode("utf-8", "replace").decode()).replace("\\", "/").rstrip("/").rpartition("/")[2]
    bare = UNSAFE_IN_NAMES.sub("", bare).strip().strip(".")
    stem, dot, ending = bare.rpartition(".")
    return f"{stem[: LONGEST_NAME - len(ending) - 1]}.{ending}" if dot and len(ending) <= 10 else bare[:LONGEST_NAME]
