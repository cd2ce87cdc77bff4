"""Text becomes messages, messages become token ids: the same code for training, eval and serving."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from db.desk import Desk

LONGEST_MAIL = 900  # tokens; a longer mail keeps its head and its tail
HEAD_SHARE = 0.7

Message = dict[str, str]


@dataclass(frozen=True)
class MailText:
    """What the model may know of a mail. `date` is aware; it resolves relative words, and is not shown."""

    from_name: str
    from_email: str
    date: datetime
    subject: str
    body: str

    @property
    def words(self) -> str:
        """Subject and body: all text that user name and details may be copied from."""
        return f"{self.subject}\n{self.body}"


def messages(desk: Desk, mail: MailText, passages: Sequence[str] = (), tokenizer: Any = None) -> list[Message]:
    """The conversation up to the point where the model writes. A tokenizer is needed only to cut long mails."""
    body = mail.body if tokenizer is None else cut(mail.body, tokenizer)
    parts = [f"From: {mail.from_name}", f"Subject: {mail.subject}", "", body.strip()]
    if passages:
        parts += ["", "Club facts:", *(f"- {passage}" for passage in passages)]
    return [{"role": "system", "content": desk.system_prompt}, {"role": "user", "content": "\n".join(parts)}]


def messages_with_examples(
    desk: Desk, mail: MailText, examples: Sequence[tuple[MailText, str]], passages: Sequence[str] = ()
) -> list[Message]:
    """The same conversation for a model that never learnt the form: its keys in words, and answered mails before it."""
    system, *_ = messages(desk, mail)
    keys = "; ".join(f"{c.name}: {', '.join(c.fields)}" for c in desk.categories)
    told = (
        f"{system['content']} username is the account's user name, or empty where the mail names none. details holds only "
        f"keys that the mail states, out of these: {keys}. A word in curly brackets in a reply is filled in later: use "
        "those of the examples, and never say that something is done without one. Write nothing but the JSON object."
    )
    turns = [{"role": "system", "content": told}]
    for shown, answer in examples:
        turns += [messages(desk, shown)[-1], {"role": "assistant", "content": answer}]
    return [*turns, messages(desk, mail, passages)[-1]]


def cut(body: str, tokenizer: Any, longest: int = LONGEST_MAIL) -> str:
    """Keep head and tail of a long mail, by tokens, and say that something is missing."""
    if len(body) <= longest:  # a token is at least one character
        return body
    spans = tokenizer(body, add_special_tokens=False, return_offsets_mapping=True)["offset_mapping"]
    if len(spans) <= longest:
        return body
    head = int(longest * HEAD_SHARE)
    return f"{body[: spans[head][0]]}\n[…]\n{body[spans[head - longest][0] :]}"


def token_ids(conversation: Sequence[Message], tokenizer: Any) -> list[int]:
    """Render with the model's own chat template. Control tokens that a stranger typed stay plain text.

    A model without a template reads the messages as paragraphs, after the token that it expects at the start of every
    text, if it expects one: Gemma is lost without.
    """
    if tokenizer.chat_template is None:
        start = [token for token in tokenizer("")["input_ids"][:1] if token == tokenizer.bos_token_id]
        plain = "\n\n".join(message["content"] for message in conversation) + "\n\n"
        return [*start, *tokenizer(plain, add_special_tokens=False, split_special_tokens=True)["input_ids"]]
    rendered = tokenizer.apply_chat_template(
        list(conversation), add_generation_prompt=True, return_dict=True, sanitize_control_tokens=True
    )
    return list(rendered["input_ids"])


def prompt_hash(desk: Desk) -> str:
    """Names the wording: a draft made under another wording is not comparable."""
    shape = messages(desk, MailText("n", "e", datetime.min, "s", "b"), ["p"])
    return hashlib.sha256(repr(shape).encode()).hexdigest()[:12]
