"""What the model may write for one mail: the draft's JSON schema, with the user name bound to words of the mail."""

import re
from typing import Any

import llguidance
import llguidance.hf

from ai.prompt import MailText
from ai.schema import LONGEST_DETAIL, LONGEST_REPLY
from db.desk import Desk

MOST_WORDS = 800
WORD = re.compile(r"""[^\s"'’<>()\[\]{},;!?=|\\*„“”‚‘»«`]+""")
ENDS = ".:/-_#@&+~…"


class NoGrammar(Exception):
    """The schema of a mail cannot be made into a grammar."""


class Grammar:
    """The desk's grammar in the tokens of one tokenizer: what serving may write, and training may teach."""

    def __init__(self, desk: Desk, tokenizer: Any, vocabulary: int) -> None:
        self.desk = desk
        self.tokens = llguidance.hf.from_tokenizer(tokenizer, n_vocab=vocabulary)

    def matcher(self, mail: MailText, category: str) -> Any:
        """A fresh matcher for the draft of one mail. Raise NoGrammar."""
        schema = schema_for(self.desk, category, mail)
        grammar = llguidance.LLMatcher.grammar_from_json_schema(schema, overrides={"whitespace_flexible": False})
        matcher = llguidance.LLMatcher(self.tokens, grammar)
        if matcher.is_error():
            raise NoGrammar(f"The grammar cannot be built: {matcher.get_error()}")
        return matcher

    def refused(self, mail: MailText, category: str, tokens: list[int]) -> int | None:
        """The place of the first token that serving could not write, or None where it could write them all."""
        fine = int(self.matcher(mail, category).validate_tokens(tokens))
        return fine if fine < len(tokens) else None


def schema_for(desk: Desk, category: str, mail: MailText) -> dict[str, Any]:
    """Keys in the order of the contract; all required but the details, of which only stated ones appear."""
    detail = {"type": "string", "minLength": 1, "maxLength": LONGEST_DETAIL}
    return {
        "type": "object",
        "properties": {
            "category": {"enum": [category]},
            "username": {"enum": ["", *words_of(mail.words)]},
            "details": {
                "type": "object",
                "properties": dict.fromkeys(desk.category(category).fields, detail),
                "additionalProperties": False,
            },
            "reply": {"type": "string", "minLength": 1, "maxLength": LONGEST_REPLY},
        },
        "required": ["category", "username", "details", "reply"],
        "additionalProperties": False,
    }


def words_of(text: str) -> list[str]:
    """Every piece of the mail that could be a user name, once, in order: no name can be misspelt or invented."""
    found: dict[str, None] = {}
    for word in WORD.findall(text):
        bare = word.strip(ENDS)
        pieces = [bare, *re.split(r"[:/]", bare)] if re.search(r"[:/]", bare) else [bare]
        if word[:1] == "_" or word[-1:] == "_":  # a user name may begin or end with an underscore
            pieces.append(word.strip(ENDS.replace("_", "")))
        for piece in pieces:
            if piece and len(piece) <= 80:
                found[piece] = None
    return list(found)[:MOST_WORDS]
