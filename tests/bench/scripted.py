"""Scripted staff of make replay: the mails that they get in four weeks, and what they let pass of a draft."""

import json
import random
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ai.finetuning.generate import read_families, row_of
from ai.finetuning.inventing import read_voices
from ai.finetuning.metrics import says_the_same
from ai.grounding import is_grounded
from ai.knowledge import Passage, read_page
from db.desk import Desk
from db.drafts import PLACEHOLDER, Draft
from db.passages import stems
from tests.bench.scripted_club import SupposedClub

WEEKS = 4
QUESTIONS = 0.15  # of the known mails: those that one of the desk's pages answers
NEW_SHARE = 0.12  # of a week's mails, for each kind that has come up; each comes in two languages


@dataclass(frozen=True)
class Case:
    """One mail and what is right for it. `wordings`: replies that say it; `pages`: where the answer to a question stands."""

    row: dict[str, Any]
    wordings: tuple[str, ...]
    pages: tuple[Passage, ...] = ()
    is_new: bool = False

    @property
    def gold(self) -> Draft:
        return Draft.from_json(self.row["answer"])

    def lets_pass(self, draft: Draft) -> bool:
        """Whether staff sign it as it stands: nothing that it claims of the mail is wrong, and the reply says what is right."""
        return draft.facts == self.gold.facts and self.reply_passes(draft)

    def corrected(self, draft: Draft) -> Draft:
        """What they sign instead: they leave a reply that says what is right."""
        return self.gold.with_reply(draft.reply) if self.reply_passes(draft) else self.gold

    def reply_passes(self, draft: Draft) -> bool:
        """A reply to a question must rest on the page that answers it; any other must wait for the same results as the right

        one, and say the same as one of the desk's own wordings for that.
        """
        if self.pages:
            return is_grounded(draft.reply, self.pages)
        return draft.placeholders == self.gold.placeholders and any(
            says_the_same(draft.reply, one) for one in self.wordings
        )


def weeks_of_mail(desk: Desk, a_week: int) -> list[list[Case]]:
    """Known ways of writing, questions that the desk's pages answer, and the new kinds that have come up by then.

    Left out is what the desk has no action for though its families say so: another name for an account.
    """
    rng = random.Random(11)
    voices, every = read_voices(desk), read_families(desk.folder / "training" / "families")
    known = [one for one in every if one.get("passages") is None]  # the facts of the others are in no page of the desk
    fresh = tomllib.loads((Path(__file__).parent / "replay.toml").read_text("utf-8"))["family"]
    asked = read_questions(desk)
    rng.shuffle(asked)
    weeks = []
    for week in range(WEEKS):
        come_up = [one for one in fresh if one["week"] <= week]
        cases: list[Case] = []
        while len(cases) < a_week:
            turn = rng.randrange(10**6)
            if rng.random() < NEW_SHARE * len(come_up) / 2:
                family = rng.choice(come_up)
                family = {**family, "bodies": family["bodies"][week - family["week"]]}
                cases.append(Case(row_of(family, turn, desk, voices, rng), tuple(family["replies"]), is_new=True))
            elif rng.random() < QUESTIONS:
                asked.append(question := asked.pop(0))
                pages = pages_of(question, desk)
                family = question_family(question, pages)
                cases.append(Case(row_of(family, turn, desk, voices, rng), (), pages))
            else:
                family = rng.choice(known)
                row = row_of(family, turn, desk, voices, rng)
                if SupposedClub(row, Draft.from_json(row["answer"]), desk).can_be_done():
                    cases.append(Case(row, wordings(family, every, row, desk)))
        weeks.append(cases)
    return weeks


def wordings(
    family: dict[str, Any], families: Sequence[dict[str, Any]], row: dict[str, Any], desk: Desk
) -> tuple[str, ...]:
    """Its own replies; where they ask for what the mail leaves out, the desk's question; where they report a result, those of

    others of the same category and language, too.
    """
    found = list(family["replies"])
    found += filter(None, [SupposedClub(row, Draft.from_json(row["answer"]), desk).question()])
    results = {frozenset(PLACEHOLDER.findall(one)) for one in found} - {frozenset()}
    for other in families:
        if (other["category"], other["lang"]) == (family["category"], family["lang"]):
            found += [one for one in other["replies"] if frozenset(PLACEHOLDER.findall(one)) in results]
    return tuple(dict.fromkeys(found))


def read_questions(desk: Desk) -> list[dict[str, Any]]:
    lines = (desk.folder / "questions" / "pages.jsonl").read_text("utf-8").split("\n")
    return [one for one in map(json.loads, filter(str.strip, lines)) if one["relevant"]]


def question_family(question: dict[str, Any], pages: Sequence[Passage]) -> dict[str, Any]:
    """As if a family had only this way of asking; who is asked sends what the page says."""
    lang = question["id"].partition("-")[0]
    asked = set(stems(question["query"]))
    nearest = max(pages, key=lambda one: len(asked & set(stems(f"{one.heading} {one.text}"))))
    thanks, hello = ("Thanks", "Hi") if lang == "en" else ("Danke", "Hallo")
    reply = f"{hello} {{first}},\n\n{nearest.text}"
    body = f"{question['query']}\n\n{thanks}, {{first}}"
    return {"name": question["id"], "lang": lang, "category": "general_inquiry", "subjects": [""], "bodies": [body], "replies": [reply]}  # fmt: skip


def pages_of(question: dict[str, Any], desk: Desk) -> tuple[Passage, ...]:
    folder = desk.folder / "knowledge"
    return tuple(one for name in question["relevant"] for one in read_page(folder / f"{name}.md"))
