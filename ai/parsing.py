"""Text that a model wrote becomes a Draft, or UnusableOutput: nothing else gets in."""

import json
import re

from ai.prompt import MailText
from ai.resolving import resolve
from db.desk import Desk
from db.drafts import Draft

KEYS = ["category", "username", "details", "reply"]


PLAIN = {
    "hi": "Hello", "hello": "Hello", "dear": "Hello", "good morning": "Hello", "hallo": "Hallo", "liebe": "Hallo", "lieber": "Hallo",
    "guten tag": "Guten Tag", "servus": "Servus", "moin": "Moin",
}  # fmt: skip
GREETING = re.compile(
    rf"(?P<hello>{'|'.join(PLAIN)}) (?:(?:Mr|Mrs|Ms)\.? |Herr |Frau )?(?P<name>[^\W\d_][\w'’-]*(?: [^\W\d_][\w'’-]*){{0,2}})(?=[,!])",
    re.IGNORECASE,
)


class UnusableOutput(Exception):
    """The model's text is not a draft of this desk."""


def write_draft(draft: Draft) -> str:
    """The compact JSON that the model learns to write."""
    return json.dumps(draft.as_json(), ensure_ascii=False, separators=(",", ":"))


def category_head(category: str) -> str:
    """How every answer of that category begins."""
    return f'{{"category":"{category}"'


def read_words(text: str, desk: Desk) -> Draft:
    """Check form and types only; details are still in the words of the mail."""
    try:
        said = json.loads(text)
    except json.JSONDecodeError as error:
        raise UnusableOutput(f"The model did not write JSON: {error}.") from error
    if not isinstance(said, dict) or list(said) != KEYS:
        raise UnusableOutput("The model's JSON does not have exactly category, username, details, reply.")
    if said["category"] not in desk.category_names:
        raise UnusableOutput(f"The model named a category that the desk does not have: {said['category']!r}.")
    details = said["details"]
    if not isinstance(said["username"], str) or not isinstance(said["reply"], str) or not said["reply"].strip():
        raise UnusableOutput("The model's user name or reply is not a text.")
    if not isinstance(details, dict) or not all(isinstance(v, str) for v in details.values()):
        raise UnusableOutput("The model's details are not a flat object of texts.")
    return Draft(said["category"], said["username"], details, said["reply"])


def parse_draft(text: str, desk: Desk, mail: MailText) -> Draft:
    """Return the draft with resolved details. Raise UnusableOutput.

    A user name, a detail or a name in the greeting that the mail does not say is the model's invention and is dropped.
    """
    said = read_words(text, desk)
    allowed = desk.category(said.category).fields
    stated = {k: v for k, v in said.details.items() if k in allowed and is_said(v, mail.words)}
    username = said.username if said.username in mail.words else ""
    reply = without_invented_name(said.reply.strip(), f"{mail.from_name} {mail.from_email} {mail.words}")
    return Draft(said.category, username, resolve(stated, mail.date), reply)


def without_invented_name(reply: str, words: str) -> str:
    """A greeting keeps its name only where somebody stated it: a mail without a sender's name is answered with a plain hello."""
    found = GREETING.match(reply)
    if found is None or any(part.casefold() in words.casefold() for part in found["name"].split()):
        return reply
    return f"{PLAIN[found['hello'].casefold()]}{reply[found.end() :]}"


def is_said(value: str, words: str) -> bool:
    """Whether the value stands in the mail, line breaks and case aside."""
    return bool(value.strip()) and squeezed(value) in squeezed(words)


def squeezed(text: str) -> str:
    return re.sub(r"\s+", " ", text).strip().casefold()


def closed(text: str) -> str:
    """A reply that ran out of budget, closed so that it parses. Raise UnusableOutput where it is no reply yet."""
    for end in range(len(text), max(0, len(text) - 8), -1):  # a half-written escape is dropped
        try:
            json.loads(text[:end] + '"}')
        except json.JSONDecodeError:
            continue
        return text[:end] + '"}'
    raise UnusableOutput("The draft ran out of tokens before its reply.")


def reply_so_far(text: str) -> str:
    """The reply of an answer that is not written to its end."""
    _, opened, rest = text.partition('"reply":"')
    rest = re.split(r'(?<!\\)(?:\\\\)*"', rest)[0] if opened else ""
    for end in range(len(rest), max(-1, len(rest) - 8), -1):  # a half-written escape is dropped
        try:
            return str(json.loads(f'"{rest[:end]}"'))
        except json.JSONDecodeError:
            continue
    return ""


def without_nothing(text: str) -> str:
    """Details that are null, as servers write them that want every key stated, are left out. Else the text as it is."""
    try:
        said = json.loads(text)
        said["details"] = {key: value for key, value in said["details"].items() if value is not None}
    except (json.JSONDecodeError, LookupError, TypeError, AttributeError):
        return text
    return json.dumps(said, ensure_ascii=False, separators=(",", ":"))
