"""Where a mail talks to the program: not only in its text, but wherever a model or a person might be shown words of it. Pure."""

import re
from collections.abc import Iterator

from connectors.mail_bodies import Attachment
from db.orders import talks_to_software

UNSEEN_WORDS = re.compile(
    r"<!--(?P<comment>.{0,1000}?)(?:-->|\Z|(?=<!--))|\b(?:alt|title|aria-label|content|summary)\s*=\s*(?P<quote>[\"'])(?P<title>.{0,500}?)(?P=quote)",
    re.DOTALL | re.IGNORECASE,
)
LOOKED_AT = 20_000  # bytes of an attachment
LOOKED_AT_HTML = 60_000  # characters
WITH_WORDS = ("text/", "message/", "application/json", "application/xml")


def orders_in(subject: str, text: str, hidden: str, html: str, attachments: tuple[Attachment, ...]) -> str:
    """The places where it does, in words; "" where it does not."""
    places = (
        ("in its subject", subject),
        ("in its text", text),
        ("in text that is hidden from the eye", hidden),
        ("in its HTML, where nobody sees it", "\n".join(unseen(html))),
        ("in the name of an attachment", "\n".join(one.name for one in attachments)),
        ("in an attachment", "\n".join(words_in(one) for one in attachments)),
    )
    return ", ".join(where for where, words in places if words.strip() and talks_to_software(words))


def unseen(html: str) -> Iterator[str]:
    """Comments and the words of attributes; a comment inside a word takes it apart, so the text without them too."""
    parts = [found["comment"] or found["title"] or "" for found in UNSEEN_WORDS.finditer(html[:LOOKED_AT_HTML])]
    yield from parts
    if "<!--" in html:
        yield re.sub(r"<[^>]{0,2000}>", "", re.sub(r"<!--.{0,1000}?-->", "", html[:LOOKED_AT_HTML], flags=re.DOTALL))


def words_in(attachment: Attachment) -> str:
    if not attachment.type.startswith(WITH_WORDS):
        return ""
    return attachment.content[:LOOKED_AT].decode("utf-8", "replace").replace("\\n", "\n").replace("\r\n ", "")
