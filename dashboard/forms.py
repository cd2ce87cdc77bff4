"""A form of the proposal becomes a Draft: typed at the door, so that nobody inside checks again."""

from collections.abc import AsyncIterator
from urllib.parse import parse_qsl, urlencode

from fastapi import Request
from starlette.datastructures import FormData, UploadFile

from dashboard.refusals import Refusal
from db.desk import Desk
from db.drafts import Draft
from db.queue import IN_ADDRESS

LONGEST_REPLY = 20_000


async def read_form(request: Request) -> AsyncIterator[FormData]:
    """The form of the request, read once; a dependency, because only the reading is asynchronous."""
    async with request.form() as form:
        yield form


def draft_of(form: FormData, desk: Desk) -> Draft:
    """Raise Refusal where the category is unknown or the reply is empty or endless."""
    category, reply = str(form.get("category", "")), str(form.get("reply", "")).replace("\r\n", "\n").strip()
    if category not in desk.category_names:
        raise Refusal("Choose one of the desk's categories.")
    if not reply:
        raise Refusal("The reply is empty. Write one, or dismiss the ticket.")
    if len(reply) > LONGEST_REPLY:
        raise Refusal(f"The reply is longer than {LONGEST_REPLY} characters.")
    stated = {field: str(form.get(f"details.{field}", "")).strip() for field in desk.category(category).fields}
    username = str(form.get("username", "")).strip()
    return Draft(category, username, {field: value for field, value in stated.items() if value}, reply)


def uploads_in(form: FormData) -> list[tuple[str, UploadFile]]:
    """The files of the field `file`, each with the last part of its name."""
    found = [one for one in form.getlist("file") if isinstance(one, UploadFile) and one.filename]
    return [(str(one.filename).replace("\\", "/").rpartition("/")[2][:200], one) for one in found]


def recipients_in(form: FormData) -> dict[str, str]:
    """To, Cc and Bcc as they were typed."""
    return {name: str(form.get(name, "")).strip()[:2000] for name in ("to", "cc", "bcc")}


def unsigned_draft_of(form: FormData, desk: Desk) -> Draft:
    """The same before it is decided: a reply may still be empty. Raise Refusal for an unknown category or an endless text."""
    reply = str(form.get("reply", "")).strip()
    if reply:
        return draft_of(form, desk)
    kept = FormData([*[(name, value) for name, value in form.multi_items() if name != "reply"], ("reply", "-")])
    return draft_of(kept, desk).with_reply("")


def whole_number(stated: str) -> int:
    """Raise Refusal."""
    try:
        return int(stated)
    except ValueError as error:
        raise Refusal(f"{stated or 'Nothing'!r} is not a whole number.") from error


def where(stated: str) -> str:
    """The part of an address that says which view of the queue somebody was in; nothing but that."""
    kept = [(name, value) for name, value in parse_qsl(stated)[:8] if name in IN_ADDRESS]
    return f"?{urlencode(kept)}" if kept else ""


def seen_of(form: FormData) -> int:
    """The version that the form was drawn from."""
    try:
        return int(str(form.get("seen", "")))
    except ValueError as error:
        raise Refusal("The form does not say which version it was drawn from. Open the ticket again.") from error
