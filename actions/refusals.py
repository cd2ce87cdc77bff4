"""A refused action becomes a proposed reply that says so, in the words that the desk has for the reason."""

from db.desk import Desk
from db.models import Ticket


def refused_reply(desk: Desk, ticket: Ticket, code: str, detail: str) -> str:
    """A reply without placeholders, for a person to check and send."""
    language = ticket.language if ticket.language in desk.refusals else desk.languages[0]
    sentences = desk.refusals.get(language, {})
    reason = sentences.get(code) or sentences.get("else", detail)
    greeting = str((ticket.answer or {}).get("reply", "")).split("\n", 1)[0]
    if not greeting.endswith(",") or len(greeting) > 60:
        greeting = sentences.get("greeting", "Hello,")
    return f"{greeting}\n\n{reason}"
