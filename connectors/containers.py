"""Parts that hold others in a form of their own: winmail.dat, opaque signatures, invitations. Pure; never raises."""

import email
import struct
from dataclasses import dataclass
from email import policy
from email.message import Message

from asn1crypto.cms import ContentInfo
from icalendar import Calendar
from tnefparse import TNEF

from connectors.charsets import BREAKS, decoded

MOST_FILES = 100
TNEF_HEAD = 6  # bytes: a mark and a key
ATTRIBUTE = struct.Struct("<BII")


@dataclass(frozen=True)
class Unpacked:
    """`part`: a mail part that was inside. `spare`: words to show where the mail has no other text."""

    text: str = ""
    html: str = ""
    files: tuple[tuple[str, bytes], ...] = ()
    part: Message | None = None
    spare: str = ""
    problem: str = ""


def unpacked(kind: str, name: str, content: bytes) -> Unpacked | None:
    """What a part holds; None where it is no such container, or one that cannot be opened here."""
    lower = name.lower()
    if kind in ("application/ms-tnef", "application/vnd.ms-tnef") or lower == "winmail.dat":
        return from_tnef(name or "winmail.dat", content)
    if kind in ("application/pkcs7-mime", "application/x-pkcs7-mime") or lower.endswith(".p7m"):
        return from_signed(name or "smime.p7m", content)
    if kind == "text/calendar":
        return from_calendar(name or "invitation.ics", content)
    return None


def is_whole_tnef(content: bytes) -> bool:
    """Whether its attributes follow each other up to the end ([MS-OXTNEF] 2.1): level, id, length, data, checksum."""
    at = TNEF_HEAD
    while at + ATTRIBUTE.size <= len(content):
        at += ATTRIBUTE.size + ATTRIBUTE.unpack_from(content, at)[2] + 2
    return content.startswith(b"\x78\x9f\x3e\x22") and at == len(content)


def from_tnef(name: str, content: bytes) -> Unpacked:
    damaged = Unpacked(files=((name, content),), problem="Its winmail.dat is damaged and cannot be opened.")
    if not is_whole_tnef(content):
        return damaged
    try:
        held = TNEF(content, do_checksum=False)
        body, html = held.body, held.htmlbody
        files = tuple((str(one.long_filename() or one.name or "unnamed"), bytes(one.data)) for one in held.attachments)
    except BREAKS:
        return damaged
    return Unpacked(in_words(body), in_words(html), files[:MOST_FILES]) if body or html or files else damaged


def in_words(body: object) -> str:
    return (decoded(body, "") if isinstance(body, bytes) else str(body or "")).replace("\x00", "")


def from_signed(name: str, content: bytes) -> Unpacked:
    """The mail inside an opaque S/MIME signature; the signature itself is not judged."""
    try:
        held = ContentInfo.load(content)
        if held["content_type"].native != "signed_data":
            return Unpacked(files=((name, content),), problem="It is encrypted: only its sender's program can show it.")
        inner = held["content"]["encap_content_info"]["content"].native
        return Unpacked(part=email.message_from_bytes(inner, policy=policy.compat32))
    except BREAKS:
        return Unpacked(files=((name, content),), problem="Its S/MIME signature cannot be opened.")


def from_calendar(name: str, content: bytes) -> Unpacked:
    try:
        events = Calendar.from_ical(decoded(content, "utf-8")).walk("VEVENT")
        lines = [line for event in list(events)[:5] for line in about(event)]
    except BREAKS:
        lines = []
    return Unpacked(files=((name, content),), spare="\n".join(lines))


def about(event: object) -> list[str]:
    shown = []
    for key in ("SUMMARY", "LOCATION", "DESCRIPTION"):
        value = event.get(key)  # type: ignore[attr-defined]
        if value:
            shown.append(str(value)[:2000])
    start = event.get("DTSTART")  # type: ignore[attr-defined]
    if start is not None:
        shown.insert(1, str(start.dt))
    return shown
