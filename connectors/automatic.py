"""Who wrote a mail, a person or a machine, by RFC 3834 and by what machines really send; and what a bounce reports."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

Kind = Literal["person", "auto_reply", "bounce", "list", "own"]
OWN_HEADER = "X-Courtdesk-Ticket"
MACHINES = re.compile(r"^(mailer-daemon|mail-daemon|mailerdaemon|mdaemon|bounces?|mail\.?delivery|double-bounce|mmsmail)\b", re.IGNORECASE)  # fmt: skip
MACHINE_NAMES = re.compile(r"mail delivery (?:sub)?system|mailer[- ]daemon|mail administrator|microsoft outlook$", re.IGNORECASE)  # fmt: skip
RETURNED = re.compile(
    r"undeliver|delivery (?:status notification|failure|failed|has failed|report|problem)|failure notice|returned (?:mail|to sender)|mail delivery (?:failed|failure|error)|delivery notification|"
    r"message (?:not delivered|delivery (?:failure|delayed))|could not be delivered|nicht zustellbar|unzustellbar|nicht zugestellt|zustellung fehlgeschlagen|rückläufer|mail system error|nondeliverable|failed mail|"
    r"non remis|warning: (?:message|could not send)|notification d'échec|devuelto|delivery error|user unknown|undeliverable|mailsystem|notificación de estado de entrega|ndn:",
    re.IGNORECASE,
)
AWAY = re.compile(
    r"^\s*\W{0,3}(?:out of (?:the )?office|automatic reply|auto(?:matic)?[- ]?(?:reply|response|responder|antwort)|automatische antwort|abwesen(?:d|heit) ?:|abwesenheits\w+|ooo\b|"
    r"réponse automatique|respuesta automática|risposta automatica|automatisch antwoord|autosvar|autoreply|vacation (?:reply|message)|urlaubs(?:notiz|vertretung)|eingangsbestätigung:)",
    re.IGNORECASE,
)
STATUS = re.compile(r"\b([245]\.\d{1,3}\.\d{1,3})\b")


@dataclass(frozen=True)
class Bounce:
    """What a delivery report says. `message_id`: of the mail that came back, "" where it is not named; `recipient`:

    who did not get it; `status`: an enhanced code (RFC 3463) or ""; `reason`: the server's words; `final`: it will not
    be tried again.
    """

    message_id: str
    recipient: str
    status: str
    reason: str
    final: bool = True


def kind_of(headers: Mapping[str, str], report_type: str, content_type: str, from_name: str, from_email: str) -> Kind:
    """`headers` by lower-case name, decoded; `report_type` of a multipart/report, "" for any other mail."""
    get = headers.get
    if OWN_HEADER.lower() in headers:
        return "own"
    subject, local = get("subject", ""), from_email.partition("@")[0] or from_name
    if report_type in ("disposition-notification", "x-receipt"):
        return "auto_reply"
    by_machine = bool(MACHINES.match(local) or MACHINE_NAMES.search(from_name))
    by_postmaster = local.lower() == "postmaster"  # a person too (RFC 2142)
    nobody = get("return-path", "-").strip() in ("<>", "") or by_machine or by_postmaster
    if (
        report_type
        or content_type in ("message/delivery-status", "message/feedback-report")
        or "x-failed-recipients" in headers
        or (nobody and RETURNED.search(subject))
        or (by_machine and not AWAY.match(subject))
    ):
        return "bounce"
    precedence = get("precedence", "").strip().lower()
    submitted = get("auto-submitted", "no").partition(";")[0].strip().lower()
    if (
        submitted not in ("", "no")
        or any(name in headers for name in ("x-autoreply", "x-autorespond", "x-autoresponder", "x-auto-reply-from", "x-mail-autoreply"))
        or precedence in ("auto_reply", "auto-reply")
        or AWAY.match(subject)
        or "vacation" in get("x-mailer", "").lower()
    ):  # fmt: skip
        return "auto_reply"
    if precedence in ("bulk", "list", "junk") or any(
        name in headers for name in ("list-id", "list-unsubscribe", "list-post", "list-help", "mailing-list", "x-mailing-list")
    ):  # fmt: skip
        return "list"
    if "x-auto-response-suppress" in headers and nobody:
        return "auto_reply"
    return "auto_reply" if get("return-path", "-").strip() == "<>" else "person"


def bounce_of(status_part: str, returned_headers: str, text: str, answers: str = "") -> Bounce:
    """Read a delivery report: its machine-readable part (RFC 3464), the headers that came back, or its prose.

    `answers`: the id that the report itself names in In-Reply-To.
    """
    stated = re.findall(r"^([\w-]+):[ \t]*(.*(?:\n[ \t]+.*)*)", status_part, re.MULTILINE)
    fields: dict[str, str] = {name.lower(): " ".join(value.split()) for name, value in stated}
    recipient = fields.get("final-recipient", fields.get("original-recipient", "")).rpartition(";")[2].strip()
    if not recipient:
        named = re.search(r"<?([\w.+=-]+@[\w.-]+\.\w+)>?", text)
        recipient = named[1] if named else ""
    ids = re.findall(r"^message-id:\s*<([^<>\s]+)>", returned_headers or text, re.IGNORECASE | re.MULTILINE)
    status = fields.get("status", "") or next(iter(STATUS.findall(text)), "")
    said = fields.get("diagnostic-code", "").partition(";")[2].strip()
    if not said:
        line = re.search(r"^.*\b[45]\d\d[ -]\S.*$", text, re.MULTILINE)
        said = line[0].strip() if line else ""
    final = fields.get("action", "failed").lower() != "delayed" and not status.startswith("4")
    return Bounce(ids[-1] if ids else answers, recipient.strip("<>").lower(), status.split(" ")[0], said[:500], final)
