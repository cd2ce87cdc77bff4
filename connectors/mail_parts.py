"""One part of a mail: what it claims to be, its content, its name; each as far as it can be believed. Pure."""

import binascii
import quopri
import re
import string
from email.message import Message
from email.utils import collapse_rfc2231_value

from connectors.charsets import BREAKS, clean, decoded, words_of

LONGEST_NAME = 200
LONGEST_CONTENT_TYPE = 4_000
TYPE = re.compile(r"^\s*([\w.+-]+/[\w.+-]+)")
COMMENT = re.compile(r"\([^()]{0,500}\)")
SOFT_BREAK = re.compile(rb"=[ \t]+\r?\n")
IN_WORDS = re.compile(rb"[A-Za-z,.:]{2} [A-Za-z]")  # a space between words: base64 has none
NOT_BASE64 = bytes(set(range(256)) - set(string.ascii_letters.encode() + string.digits.encode() + b"+/="))
UNSAFE_IN_NAMES = re.compile(r"[\x00-\x1f\x7f\u200b-\u200f\u202a-\u202e\u2066-\u2069]")


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
    letters = coded.translate(None, delete=NOT_BASE64)
    foreign = len(coded.translate(None, delete=b" \t\n\r\f\v")) - len(letters)
    if foreign > max(8, len(coded) // 50) or (b" " in coded and len(IN_WORDS.findall(coded)) > 2):
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
