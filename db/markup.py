"""Limits for HTML that a stranger wrote. Pure."""

import re

DEEPEST = 6000  # parsers and sanitisers take quadratic time in the depth of nesting
LONGEST = 2_000_000  # characters that are looked at
REMOTE_IMAGE = re.compile(r"<img\b[^>]{0,5000}\bsrc\s*=\s*[\"']?\s*(?:https?:)?//", re.IGNORECASE)
OPENED = re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9]{0,15})")
# Elements without an end, and those whose end is implied by what follows: however many there are, they do not nest.
FLAT = frozenset(
    [
        "area",
        "base",
        "br",
        "col",
        "dd",
        "dt",
        "embed",
        "hr",
        "img",
        "input",
        "li",
        "link",
        "meta",
        "option",
        "p",
        "param",
        "source",
        "td",
        "th",
        "tr",
        "track",
        "wbr",
    ]
)


def shallow(html: str) -> str:
    """The HTML up to where it nests too deeply. One pass."""
    depth = 0
    for found in OPENED.finditer(html):
        if found[2].lower() in FLAT:
            continue
        depth = max(0, depth - 1) if found[1] else depth + 1
        if depth > DEEPEST:
            return html[: found.start()]
    return html


def has_remote_images(html: str) -> bool:
    """Whether a picture of it would be fetched from somewhere."""
    return REMOTE_IMAGE.search(html[:LONGEST]) is not None
