"""How a desk's replies go: the answers of its training rows, to guess by before anything was signed."""

import json
from collections.abc import Iterator

from ai.model.decoding import Decoder
from ai.teaching import own_data
from db.desk import Desk


def remember_patterns(decoder: Decoder) -> None:
    """Let it guess by these answers."""
    for category, text in patterns_of(decoder.desk):
        decoder.remember(category, text)


def patterns_of(desk: Desk) -> Iterator[tuple[str, str]]:
    """Category and compact JSON of one answer for each different reply. Unreadable rows are passed over."""
    known: set[tuple[str, str]] = set()
    for path in own_data(desk):
        for line in path.read_text(encoding="utf-8").split("\n"):
            answer = answer_in(line)
            if answer is not None and answer not in known:
                known.add(answer)
                category, reply = answer
                told = {"category": category, "username": "", "details": {}, "reply": reply}
                yield category, json.dumps(told, ensure_ascii=False, separators=(",", ":"))


def answer_in(line: str) -> tuple[str, str] | None:
    try:
        answer = json.loads(line)["answer"]
        category, reply = answer["category"], answer["reply"]
    except (ValueError, LookupError, TypeError):
        return None
    return (category, reply) if isinstance(category, str) and isinstance(reply, str) and reply else None
