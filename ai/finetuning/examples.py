"""Rows of training data become token ids: the mail is read, only the answer is learnt."""

import csv
import hashlib
import io
import json
import random
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import IntEnum
from pathlib import Path
from typing import Any

from ai.knowledge import Knowledge
from ai.model.grammar import Grammar, NoGrammar
from ai.parsing import UnusableOutput, category_head, is_said, read_words, write_draft
from ai.prompt import MailText, messages, token_ids
from ai.resolving import find_words
from db.desk import Desk
from db.drafts import Draft
from db.lessons import REWRITTEN, RIGHT_CATEGORY, RIGHT_FIELDS, RIGHT_REPLY


class UnusableRow(Exception):
    """A row cannot teach anything; the message says why."""


@dataclass(frozen=True)
class Row:
    """One mail with its right answer. `answer.details` holds resolved values; None where a row has no answer."""

    id: str
    mail: MailText
    answer: Draft | None
    lang: str = ""
    family: str = ""
    needs_human: bool | None = None
    tags: tuple[str, ...] = ()
    passages: tuple[str, ...] | None = None


UNFOUNDED = "unfounded"  # tag of a row whose reply rests on none of its passages: who learnt it would learn to invent


class Kind(IntEnum):
    """What an answer token says. GIVEN is context: nothing is learnt from it."""

    GIVEN = 0
    CATEGORY = 1
    FIELDS = 2
    REPLY = 3
    STRESSED = 4  # of a reply that a person wrote anew, or that is to stay: else the one spills over into the other


KEPT = {
    RIGHT_CATEGORY: (Kind.CATEGORY,),
    RIGHT_FIELDS: (Kind.FIELDS,),
    RIGHT_REPLY: (Kind.REPLY, Kind.STRESSED),
}


@dataclass(frozen=True)
class Example:
    """Token ids of prompt and answer, and a Kind for each answer token.

    `follows`: it is the second half of the row whose first half stands before it; `kept`: what is said now is to stay in
    tokens of these kinds.
    """

    prompt: list[int]
    answer: list[int]
    kinds: list[Kind]
    follows: bool = False
    kept: frozenset[Kind] = frozenset()

    def __len__(self) -> int:
        return len(self.prompt) + len(self.answer)


@dataclass
class Report:
    """What could not be used, by file and line."""

    problems: list[str] = field(default_factory=list)


def read_rows(path: Path, report: Report) -> list[Row]:
    """Read JSONL or CSV (`,` or `;`) in any accepted form. Problems go to `report`, the rest goes on."""
    rows: list[Row] = []
    for number, stated in read_records(path, report):
        try:
            rows.append(row_of(stated, f"{path.stem}:{number}"))
        except (UnusableRow, KeyError, TypeError, ValueError) as error:
            report.problems.append(f"{path.name}:{number}: {type(error).__name__}: {error}")
    return rows


def read_records(path: Path, report: Report) -> Iterable[tuple[int, dict[str, Any]]]:
    text = path.read_text(encoding="utf-8-sig")
    if path.suffix == ".csv":
        head = text.split("\n", 1)[0]
        reader = csv.DictReader(
            io.StringIO(text, newline=""), delimiter=";" if head.count(";") > head.count(",") else ","
        )
        yield from ((reader.line_num, record) for record in reader)
        return
    for number, line in enumerate(text.split("\n"), start=1):  # splitlines would cut at U+2028 inside a mail
        if line.strip():
            try:
                yield number, json.loads(line)
            except json.JSONDecodeError as error:
                report.problems.append(f"{path.name}:{number}: not JSON: {error}")


def row_of(stated: dict[str, Any], fallback_id: str) -> Row:
    """Recognise the form by its keys. Raise UnusableRow where none fits."""
    if "mail" in stated:
        mail, answer = stated["mail"], stated.get("answer")
    elif "gold" in stated or "body" in stated:
        mail, answer = stated, stated.get("gold")
    elif "messages" in stated:
        turns = {turn["role"]: turn["content"] for turn in stated["messages"]}
        mail, answer = {"body": turns["user"]}, json.loads(turns["assistant"])
    elif "response" in stated:
        mail, answer = {"body": stated.get("instruction", stated.get("request"))}, json.loads(stated["response"])
    else:
        raise UnusableRow("no mail, messages or instruction/response in it")
    if not isinstance(mail, dict) or not isinstance(answer or {}, dict):
        raise UnusableRow("mail and answer must be objects")
    if not mail.get("body") and not mail.get("subject"):
        raise UnusableRow("the mail is empty")
    needs_human = stated.get("needs_human", (answer or {}).get("needs_human"))
    passages = stated.get("passages")
    return Row(
        id=str(stated.get("id", fallback_id)),
        mail=mail_of(mail),
        answer=answer_of(answer) if answer else None,
        lang=stated.get("lang", ""),
        family=stated.get("family", ""),
        needs_human=needs_human,
        tags=tuple(stated.get("tags", ())),
        passages=None if passages is None else tuple(passages),
    )


def mail_of(stated: dict[str, Any]) -> MailText:
    texts = ("from_name", "from_email", "date", "subject", "body")
    wrong = [key for key in texts if not isinstance(stated.get(key) or "", str)]
    if wrong:
        raise UnusableRow(f"{wrong[0]} of the mail must be a text")
    sent = stated.get("date")
    date = datetime.fromisoformat(sent) if sent else datetime.now(UTC)
    return MailText(
        from_name=stated.get("from_name") or "",
        from_email=stated.get("from_email") or "",
        date=date,
        subject=stated.get("subject") or "",
        body=stated.get("body") or "",
    )


def answer_of(stated: dict[str, Any]) -> Draft:
    details = stated.get("details") or {}
    if not isinstance(details, dict) or not all(isinstance(value, str) for value in details.values()):
        raise UnusableRow("details must be a flat object of texts")
    if not all(isinstance(stated.get(key) or "", str) for key in ("category", "username", "reply")):
        raise UnusableRow("category, username and reply must be texts")
    return Draft(stated["category"], stated.get("username") or "", details, stated.get("reply") or "")


def in_words(row: Row, desk: Desk) -> Draft:
    """The answer as the model should write it: details in the words of the mail, keys in the desk's order.

    Raise UnusableRow where the category is unknown, the user name is not in the mail, or there is no reply.
    """
    if row.answer is None:
        raise UnusableRow("no answer")
    answer, words = row.answer, row.mail.words
    if answer.category not in desk.category_names:
        raise UnusableRow(f"the desk has no category {answer.category!r}")
    if answer.username not in words:
        raise UnusableRow(f"the user name {answer.username!r} is not in the mail")
    said = {
        key: find_words(key, answer.details[key], words, row.mail.date)
        for key in desk.category(answer.category).fields
        if key in answer.details
    }
    details = {key: value for key, value in said.items() if value and is_said(value, words)}
    draft = Draft(answer.category, answer.username, details, answer.reply)
    try:
        read_words(write_draft(draft), desk)
    except UnusableOutput as error:
        raise UnusableRow(str(error)) from error
    return draft


def passages_of(row: Row, knowledge: Knowledge) -> list[str]:
    """The passages that the row brings, else those that serving would find."""
    if row.passages is not None:
        return list(row.passages)
    return [passage.text for passage in knowledge.find(row.mail.words)]


def examples_of_row(row: Row, desk: Desk, knowledge: Knowledge, tokenizer: Any, keep: str = "") -> list[Example]:
    """One example, or two where the category reads passages: serving decides the category before it looks them up,

    so the category is learnt without passages and the rest with them. Else their mere presence would tell it. `keep`: the
    tag of rows of which what the model says now is to stay; of lessons that does what staff left as it was.
    """
    draft, kept = in_words(row, desk), kept_kinds(row, keep)
    answer, kinds = with_kinds(draft, tokenizer)
    if REWRITTEN in row.tags or Kind.REPLY in kept:
        kinds = [Kind.STRESSED if kind is Kind.REPLY else kind for kind in kinds]
    if UNFOUNDED in row.tags:
        kinds = [kind if kind in (Kind.CATEGORY, Kind.FIELDS) else Kind.GIVEN for kind in kinds]
    prompt = token_ids(messages(desk, row.mail, tokenizer=tokenizer), tokenizer)
    if not desk.category(draft.category).knowledge:
        return [Example(prompt, answer, kinds, kept=kept)]
    decided = kinds.count(Kind.CATEGORY)
    informed = token_ids(messages(desk, row.mail, passages_of(row, knowledge), tokenizer), tokenizer)
    return [
        Example(prompt, answer[:decided], kinds[:decided], kept=kept),
        Example(informed, answer, [Kind.GIVEN] * decided + kinds[decided:], follows=True, kept=kept),
    ]


def kept_kinds(row: Row, keep: str) -> frozenset[Kind]:
    """None where nothing is to be kept."""
    if not keep:
        return frozenset()
    return frozenset(kind for tag, kinds in KEPT.items() for kind in kinds if tag in row.tags or keep in row.tags)


def with_kinds(draft: Draft, tokenizer: Any) -> tuple[list[int], list[Kind]]:
    """Token ids of the answer, its end included, and what each of them says."""
    text = write_draft(draft)
    written = tokenizer(text, add_special_tokens=False, return_offsets_mapping=True)
    decided = len(category_head(draft.category))
    replied = len(text) - len(json.dumps(draft.reply, ensure_ascii=False)) - 1

    def kind_of(start: int) -> Kind:
        if start < decided:
            return Kind.CATEGORY
        return Kind.FIELDS if start < replied else Kind.REPLY

    kinds = [kind_of(start) for start, _ in written["offset_mapping"]]
    return [*written["input_ids"], tokenizer.eos_token_id], [*kinds, Kind.REPLY]


def examples_of(
    rows: Sequence[Row],
    desk: Desk,
    knowledge: Knowledge,
    tokenizer: Any,
    report: Report,
    grammar: Grammar | None = None,
    longest: int = 0,
    keep: str = "",
) -> list[Example]:
    """All rows' examples. What serving could not write under its `grammar`, or what has more than `longest` tokens, is not
    taught; `report` says why.
    """
    examples: list[Example] = []
    for row in rows:
        try:
            made = examples_of_row(row, desk, knowledge, tokenizer, keep)
            if grammar is not None and row.answer is not None:
                written = made[-1].answer[:-1]
                at = grammar.refused(row.mail, row.answer.category, written)
                if at is not None:
                    raise UnusableRow(
                        f"serving could not write it: stops at {tokenizer.decode(written[at : at + 8])!r}"
                    )
            if longest and max(map(len, made)) > longest:
                raise UnusableRow(f"{max(map(len, made))} tokens, and the model reads {longest}")
            examples.extend(made)
        except (UnusableRow, NoGrammar) as error:
            report.problems.append(f"{row.id}: {error}")
    return examples


def split_by_family(rows: Sequence[Row], share: float, seed: int) -> tuple[list[Row], list[Row]]:
    """Taught rows and those kept back: whole families or threads, so that validation is about new ways of writing."""
    families = sorted({family_of(row) for row in rows})
    random.Random(seed).shuffle(families)
    wanted = min(max(1, round(share * len(families))), len(families) - 1)  # something must be left to learn from
    kept_back = set(families[:wanted]) if share else set()
    taught = [row for row in rows if family_of(row) not in kept_back]
    return taught, [row for row in rows if family_of(row) in kept_back]


def oversampled(rows: Sequence[Row], times: Mapping[str, int]) -> list[Row]:
    """Each row as often as that of its tags says which says most; once where none does."""
    return [row for row in rows for _ in range(max((times.get(tag, 1) for tag in row.tags), default=1))]


def family_of(row: Row) -> str:
    """The family that a row states, else its thread: sender and subject without what answering put before it."""
    if row.family:
        return row.family
    subject = re.sub(r"(?i)^((re|aw|fwd?|wg)\s*:\s*)+", "", row.mail.subject).casefold().strip()
    return f"{row.mail.from_email} {subject}" if row.mail.from_email and subject else row.id


def data_hash(paths: Iterable[Path]) -> str:
    digest = hashlib.sha256()
    for path in paths:
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]
