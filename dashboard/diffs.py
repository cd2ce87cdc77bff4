"""What somebody changed, word by word."""

import re
from difflib import SequenceMatcher

WORD = re.compile(r"\s*\S+|\s+$")


def words_changed(before: str, after: str) -> list[tuple[str, str]]:
    """Pieces of both texts in order: ("", kept), ("del", only before), ("ins", only after)."""
    old, new = WORD.findall(before), WORD.findall(after)
    found: list[tuple[str, str]] = []
    for kind, a, b, c, d in SequenceMatcher(
        None, [one.strip() for one in old], [one.strip() for one in new], autojunk=False
    ).get_opcodes():
        if kind == "equal":
            found.append(("", "".join(new[c:d])))
            continue
        if b > a:
            found.append(("del", "".join(old[a:b])))
        if d > c:
            found.append(("ins", "".join(new[c:d])))
    return found
