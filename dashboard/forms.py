"""A form of the proposal becomes a Draft: typed at the door, so that nobody inside checks again."""

from fastapi import Request
from starlette.datastructures import FormData

from dashboard.errors import Refusal
from db.desk import Desk
from db.drafts import Draft

LONGEST_REPLY = 20_000


async def read_form(request: Request) -> FormData:
    """The form of the request, read once; a dependency, because only the reading is asynchronous."""
    return await request.form()


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


def seen_of(form: FormData) -> int:
    """The version that the form was drawn from."""
    try:
        return int(str(form.get("seen", "")))
    except ValueError as error:
        raise Refusal("The form does not say which version it was drawn from. Open the ticket again.") from error
