"""Whose account is it: may whoever wrote speak for it? A From line alone never may."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from db.plans import Asked, Check

SETTLED = {
    "on_file": "the answer goes to the address on file, {on_file}, whoever wrote",
    "code": "confirmed with a code that was sent to {on_file}",
    "override": "{by} vouches for the sender: {reason}",
}


@dataclass(frozen=True)
class Standing:
    """`doubt` is "" where nothing speaks against the sender; `ways` are those in which a person may settle it."""

    check: Check
    doubt: str = ""
    ways: tuple[str, ...] = ()


def standing(asked: Asked, account: Mapping[str, Any], *, is_harmless: bool) -> Standing:
    """`is_harmless`: the action gives nothing to whoever asked, only to the address on file."""
    on_file, username = str(account.get("email") or ""), str(account["username"])
    way = asked.is_trusted(username)
    if way:
        words = SETTLED[way].format_map({"reason": "", "by": "", **dict(asked.trust or {}), "on_file": on_file})
        return Standing(Check(True, words))
    doubt = doubt_of(asked, on_file)
    if not doubt:
        if asked.identity == "colleague":
            return Standing(Check(True, f"no mail asks for it: {asked.identity_words}"))
        return Standing(Check(True, f"the sender's address is the one on file, and proven: {asked.identity_words}"))
    ways = (*(("on_file",) if is_harmless else ()), "code", "override") if on_file else ("override",)
    return Standing(Check(False, doubt), doubt, ways)


def doubt_of(asked: Asked, on_file: str) -> str:
    if asked.identity == "colleague":
        return ""
    if asked.from_email.casefold() != on_file.casefold():
        return f"{asked.from_email or 'the sender'} is not the address on file"
    if asked.identity == "verified":
        return ""
    if asked.identity == "contradicts":
        return f"the mail bears the address on file, but is probably forged: {asked.identity_words}"
    return f"the address is the one on file, but nothing proves that it wrote: {asked.identity_words}"
