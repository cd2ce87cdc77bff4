"""Bytes become a Mail. Pure, and it never raises: whatever a stranger sends, something readable comes out."""

import email
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email import policy
from email.message import Message
from email.parser import BytesHeaderParser
from hashlib import sha256
from itertools import islice

from connectors.automatic import OWN_HEADER, Bounce, Kind, bounce_of, kind_of
from connectors.charsets import BREAKS, clean, decoded
from connectors.identity import NOBODY_CHECKED, Identity
from connectors.injection import orders_in
from connectors.mail_bodies import Attachment, Body, body_of
from connectors.mail_headers import addresses, all_ids, date_in, first_headers, first_id, sender
from connectors.newly_said import parted

__all__ = ["OWN_HEADER", "Attachment", "Bounce", "Kind", "Mail", "parse_mail"]
LONGEST_HEADERS = 1_000_000  # bytes
LONGEST_TEXT = 500_000
LONGEST_HTML = 1_000_000
MOST_REFERENCES = 200
WITHOUT_ID = "@missing.invalid"
END_OF_HEADERS = re.compile(rb"\r?\n\r?\n")
SPACE_BEFORE_COLON = re.compile(rb"(?m)^([A-Za-z][\w-]{0,70})[ \t]+:")  # as RFC 5322, 4.5 has it from olden times
HEADER_LINE = re.compile(rb"[!-9;-~]+:|[ \t]")
KNOWN_HEADER = re.compile(
    rb"(from|to|subject|date|message-id|content-type|mime-version|received|reply-to):", re.IGNORECASE
)


@dataclass(frozen=True)
class Mail:
    """A mail as a person would read it. Every field is always there and can be stored: no NUL, no lone surrogate.

    - `message_id`, `in_reply_to`: ids without angle brackets. A mail without a Message-ID gets one made of a hash of its
      bytes, `…@missing.invalid`, the same for the same bytes. `in_reply_to` is "" where missing.
    - `references`: the ids of References in their order, () where missing.
    - `date`: aware; as the Date header states it, else as the newest Received header does, else now.
    - `from_name`, `from_email`: of the one author; the address in lower case. Where From names several addresses or
      stands twice, it is ambiguous who wrote: the name is then the header as it stands, the address "".
    - `reply_to`: the first address of Reply-To, lower case, "" where missing.
    - `to`, `cc`: addresses, lower case, in their order.
    - `subject`: decoded, on one line.
    - `text`: the whole plain text; made from the HTML where there is no other, with quoted mails marked by "> ".
    - `said`: the part of `text` that is new: without quoted and forwarded mails and signatures; all of `text` where
      nothing else would be left.
    - `older`: the other lines of `text`, "" where there are none.
    - `html`: the HTML part as sent, decoded, unsafe; "" where there is none.
    - `attachments`: everything else, in its order; what an HTML part shows in place has a `cid`.
    - `kind`: who wrote it: a person; a machine that answers (auto_reply), reports a delivery (bounce), or serves a list
      or newsletter (list); or this program itself (own).
    - `hidden`: text that the HTML hides from the eye.
    - `bounce`: what a delivery report says; None for any other mail.
    - `headers`: the first value of each header by lower-case name, decoded.
    - `problems`: what was wrong with its form, in words, () for a sound mail.
    - `orders`: where it talks to the program instead of the desk, in words; "" where it does not.
    - `identity`: whether From is proven. Parsing alone proves nothing: `connectors.reading` asks, and fills it in.
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
    older: str
    html: str
    attachments: tuple[Attachment, ...]
    kind: Kind
    hidden: str
    bounce: Bounce | None
    headers: Mapping[str, str]
    problems: tuple[str, ...]
    orders: str = ""
    identity: Identity = NOBODY_CHECKED

    @property
    def wants_an_answer(self) -> bool:
        return self.kind == "person"

    @property
    def readable(self) -> bool:
        """Whether there is anything in it that a person could act on."""
        return bool(self.headers and (self.from_email or self.text or self.attachments))


def parse_mail(raw: bytes) -> Mail:
    """Read one mail, whatever it is; it never raises. What could not be read is left out and named in `problems`."""
    message, problems = parsed(raw)
    headers = first_headers(message)
    try:
        body = body_of(message)
    except BREAKS as error:  # hostile forms break the standard library in places that nobody lists
        body = Body(clean(decoded(raw.partition(b"\n\n")[2][:LONGEST_TEXT], "")), "", (), "", "", "", (broken(error),))
    if len(body.text) > LONGEST_TEXT:
        problems.append(f"Its text is longer than {LONGEST_TEXT} characters: the rest is left out.")
    text = body.text[:LONGEST_TEXT].strip()
    said, older = parted(text)
    from_name, from_email = sender(message, headers)
    if not from_email:
        problems.append("It does not say clearly who wrote it.")
    date = date_in(headers.get("date", ""))
    if date is None:
        problems.append("It has no date that can be read.")
        date = date_in(headers.get("received", "").rpartition(";")[2])
    kind = kind_of(headers, body.report_type, message.get_content_type(), from_name, from_email)
    return Mail(
        message_id=first_id(headers.get("message-id", "")) or sha256(raw).hexdigest()[:32] + WITHOUT_ID,
        in_reply_to=first_id(headers.get("in-reply-to", "")),
        references=tuple(all_ids(headers.get("references", ""))[-MOST_REFERENCES:]),
        date=date or datetime.now(UTC),
        from_name=from_name,
        from_email=from_email,
        reply_to=next((address for _, address in addresses(message, "Reply-To")), ""),
        to=tuple(address for _, address in addresses(message, "To")),
        cc=tuple(address for _, address in addresses(message, "Cc")),
        subject=" ".join(headers.get("subject", "").split()),
        text=text,
        said=said,
        older=older,
        html=body.html[:LONGEST_HTML],
        attachments=body.attachments,
        kind=kind,
        hidden=body.hidden[:LONGEST_TEXT],
        orders=orders_in(headers.get("subject", ""), text, body.hidden[:LONGEST_TEXT], body.html, body.attachments),
        bounce=bounce_of(body.status, body.returned, text, first_id(headers.get("in-reply-to", "")))
        if kind == "bounce"
        else None,
        headers=headers,
        problems=tuple(dict.fromkeys([*problems, *body.problems, *defects_of(message)])),
    )


def parsed(raw: bytes) -> tuple[Message, list[str]]:
    """The message, and what was wrong with its form. Mail without headers becomes a message without headers."""
    raw = raw.removeprefix(b"\xef\xbb\xbf").replace(b"\r\r\n", b"\r\n")
    raw = raw.lstrip(b"\r\n\t ") if raw[:1] in (b"\r", b"\n") else raw
    if b"\n" not in raw:  # lines that end as they did on an old Macintosh
        raw = raw.replace(b"\r", b"\n")
    if raw.startswith((b"From ", b">From ")):  # a line of mbox
        raw = raw.partition(b"\n")[2]
    ends = END_OF_HEADERS.search(raw[: LONGEST_HEADERS + 2])
    if ends is None and len(raw) > LONGEST_HEADERS:
        return BytesHeaderParser(policy=policy.compat32).parsebytes(raw[:LONGEST_HEADERS]), ["Its headers never end."]
    if ends:
        raw = mended(raw[: ends.start()]) + raw[ends.start() :]
    ends = END_OF_HEADERS.search(raw[: LONGEST_HEADERS + 2])
    try:
        # compat32 on purpose: policy.default raises or stalls on hostile headers.
        message = email.message_from_bytes(raw, policy=policy.compat32)
        return message, [] if message.keys() else ["It has no headers, so it is hardly a mail."]
    except BREAKS as error:
        try:
            message = BytesHeaderParser(policy=policy.compat32).parsebytes(raw[: ends.end() if ends else None])
        except BREAKS:
            message = Message()
        message.set_payload(decoded(raw[ends.end() if ends else 0 :][:LONGEST_TEXT], ""))
        return message, [broken(error)]


def mended(head: bytes) -> bytes:
    """The head with what would end it too early: spaces before colons, and lines that are no header among others."""
    lines = SPACE_BEFORE_COLON.sub(rb"\1:", head).split(b"\n")
    last = max((i for i, line in enumerate(lines) if KNOWN_HEADER.match(line)), default=0)
    for i in range(1, last):
        if lines[i].strip() and not HEADER_LINE.match(lines[i]):
            lines[i] = b"X-Not-A-Header: " + lines[i]
    return b"\n".join(lines)


def broken(error: Exception) -> str:
    return f"Its form is broken or too deep ({type(error).__name__}): its text is shown as it came."


def defects_of(message: Message) -> list[str]:
    """What the parser noticed about its parts."""
    try:
        found = [type(defect).__name__ for part in islice(message.walk(), 100) for defect in part.defects]
    except BREAKS:
        found = []
    return (
        ["The borders of its parts are missing or wrong: it may be shown differently than it was meant."]
        if any("Boundary" in name or "Multipart" in name for name in found)
        else []
    )
