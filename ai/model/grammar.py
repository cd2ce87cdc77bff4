"""What the model may write for one mail: the draft's JSON, with user name and details bound to what the mail says."""

import json
import re
from typing import Any

import llguidance
import llguidance.hf

from ai.parsing import category_head
from ai.prompt import MailText
from ai.schema import LONGEST_REPLY
from db.desk import Desk

MOST_WORDS = 800
LONGEST_SOURCE = 30_000  # characters of a mail that details may be copied from
WORD = re.compile(r"""[^\s"'’<>()\[\]{},;!?=|\\*„“”‚‘»«`]+""")
ENDS = ".:/-_#@&+~…"
UNCOPIED = re.compile(r'[\s\x00-\x1f\x7f"\\]+')  # what JSON would have to write otherwise than the mail does


class NoGrammar(Exception):
    """What may be written for a mail cannot be made into a grammar."""


class Grammar:
    """The desk's grammar in the tokens of one tokenizer: what serving may write, and training may teach."""

    def __init__(self, desk: Desk, tokenizer: Any, vocabulary: int) -> None:
        self.desk = desk
        self.tokens = llguidance.hf.from_tokenizer(tokenizer, n_vocab=vocabulary)

    def matcher(self, mail: MailText, category: str) -> Any:
        """A fresh matcher for the draft of one mail. Raise NoGrammar."""
        grammar = llguidance.LLMatcher.grammar_from_lark(lark_for(self.desk, category, mail))
        matcher = llguidance.LLMatcher(self.tokens, grammar)
        if matcher.is_error():
            raise NoGrammar(f"The grammar cannot be built: {matcher.get_error()}")
        return matcher

    def refused(self, mail: MailText, category: str, tokens: list[int]) -> int | None:
        """The place of the first token that serving could not write, or None where it could write them all."""
        fine = int(self.matcher(mail, category).validate_tokens(tokens))
        return fine if fine < len(tokens) else None


def lark_for(desk: Desk, category: str, mail: MailText) -> str:
    """Keys in the order of the contract, without a space between them.

    The user name is "" or a word of the mail. Details are passages of it, of which only stated ones appear, in the
    desk's order. The reply is any text but none.
    """
    source = UNCOPIED.sub(" ", mail.words[:LONGEST_SOURCE]).strip()
    keys = list(desk.category(category).fields) if source else []
    rules = [
        f"start: {said(category_head(category) + ',')} {said(quoted('username') + ':')} name {said(',')} "
        f"{said(quoted('details') + ':{')} details0 {said('}')} {said(',' + quoted('reply') + ':')} reply {said('}')}",
        "name: " + " | ".join(said(quoted(word)) for word in ["", *words_of(mail.words)]),
        "reply: %json " + json.dumps({"type": "string", "minLength": 1, "maxLength": LONGEST_REPLY}),
    ]
    rules += ["details0: " + " | ".join(['""', *(f"key{j} more{j + 1}" for j in range(len(keys)))])]
    for i in range(1, len(keys) + 1):  # after key i - 1: nothing more, or one of those behind it
        rules += [f"more{i}: " + " | ".join(['""', *(f'"," key{j} more{j + 1}' for j in range(i, len(keys)))])]
    rules += [f"key{i}: {said(quoted(key) + ':' + QUOTE)} PASSAGE {said(QUOTE)}" for i, key in enumerate(keys)]
    if keys:
        rules += ["PASSAGE: %regex " + json.dumps({"substring_chars": source})]
    return "\n".join(rules)


QUOTE = '"'


def quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def said(text: str) -> str:
    """As a literal of the grammar."""
    return json.dumps(text, ensure_ascii=False)


def words_of(text: str) -> list[str]:
    """Every piece of the mail that could be a user name, once, in order: no name can be misspelt or invented."""
    found: dict[str, None] = {}
    for word in WORD.findall(text):
        bare = word.strip(ENDS)
        pieces = [bare, *re.split(r"[:/]", bare)] if re.search(r"[:/]", bare) else [bare]
        if word[:1] == "_" or word[-1:] == "_":  # a user name may begin or end with an underscore
            pieces.append(word.strip(ENDS.replace("_", "")))
        for piece in pieces:
            if piece and len(piece) <= 80 and piece.isprintable():
                found[piece] = None
    return list(found)[:MOST_WORDS]
