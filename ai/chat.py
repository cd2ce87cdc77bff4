"""Answers for visitors: only from passages that are shown, sentence by sentence; everything else is handed to a person.

A sentence leaves only where the passages carry it: each of its numbers, addresses and names of days stands in them, and
most of its words. The model decides first what is asked; a wish that is more than a question is a person's at once.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from ai.drafting import Model, ModelDown
from ai.knowledge import Passage
from ai.language import heard
from ai.library import Library
from ai.parsing import reply_so_far
from ai.prompt import MailText
from ai.written import Decided, Growing, Question, Undrafted, Written
from db import versions
from db.chats import HandOver, Piece, Settled, Shown, Sign
from db.desk import Desk
from db.drafts import PLACEHOLDER
from db.knowledge import stems
from db.orders import talks_to_software
from db.plans import NoAnswer
from db.session import OpenSession

MOST = 3  # passages
KINDS = ("page", "file", "web")  # what was signed for one customer is not shown to another
CARRIED = 0.5  # share of a sentence's words that the passages must hold
PERSON = re.compile(
    r"\b(human|real person|speak to (a|some)|talk to (a|some)|colleague|staff|agent|mensch|person sprechen|mitarbeiter|jemand(en)? (sprechen|anrufen)|rückruf|call me)\w*",
    re.IGNORECASE,
)
SENTENCE = re.compile(r"(?<=[.!?])\s+|\n+")
FACT = re.compile(
    r"\w*\d[\w.:,%-]*|\S+@\S+|https?://\S+|\b(?:mon|tues|wednes|thurs|fri|satur|sun)days?\b|\b(?:montag|dienstag|mittwoch|donnerstag|freitag|samstag|sonntag)\w*",
    re.IGNORECASE,
)


@dataclass
class ChatDesk:
    """Asks the model on a line of its own."""

    open_session: OpenSession
    desk: Desk
    model: Model
    library: Library

    def answer(self, asked: str, before: Sequence[str], least: float) -> Iterator[Sign]:
        """What to show, in order; ends with Settled or HandOver. `before`: what the visitor wrote earlier; `least`: confidence.

        Raise NoAnswer where the model gives none.
        """
        if PERSON.search(asked):
            yield HandOver("You asked for a person.")
            return
        if talks_to_software(asked):
            yield HandOver("A person will read this.")
            return
        code = heard(asked, self.desk).code
        words = f"{before[-1]} {asked}" if before and len(stems(asked)) < 3 else asked
        found = self.library.find(words, language=code if code in self.desk.languages else "", most=MOST, kinds=KINDS)
        passages = tuple(one.passage for one in found)
        if not passages:
            yield HandOver("No page answers this.")
            return
        yield from self.written(asked, words, passages, least)

    def written(self, asked: str, words: str, passages: tuple[Passage, ...], least: float) -> Iterator[Sign]:
        with self.open_session.reading() as session:
            adapter = versions.folder_for(session, "")
        mail = MailText("", "", datetime.now(UTC), "", words)
        told, confidence = 0, 0.0
        try:
            for _, news in self.model.draft([Question(mail, adapter=adapter, passages=passages, stream=True)]):
                if isinstance(news, Decided):
                    confidence = news.categories.get(news.chosen, 0.0)
                    reason = self.why_not(news, least)
                    if reason:
                        yield HandOver(reason, confidence)
                        return
                    yield Shown([(one.page, one.heading, one.text) for one in passages])
                    continue
                if isinstance(news, Undrafted):
                    raise NoAnswer(news.problem)
                done = isinstance(news, Written)
                reply = (
                    reply_so_far(news.text)
                    if isinstance(news, Written)
                    else news.reply
                    if isinstance(news, Growing)
                    else ""
                )
                for sentence in sentences(reply, whole=done)[told:]:
                    if not is_carried(sentence, asked, passages):
                        yield HandOver("The pages do not say enough about this.", confidence)
                        return
                    told += 1
                    yield Piece(sentence)
        except ModelDown as problem:
            raise NoAnswer(str(problem)) from problem
        yield Settled(round(confidence, 4)) if told else HandOver("No page answers this.", confidence)

    def why_not(self, news: Decided, least: float) -> str:
        """Why a person must answer; "" where the machine may."""
        if not self.desk.category(news.chosen).knowledge:
            return "A person will take care of this."
        return "" if news.categories.get(news.chosen, 0.0) >= least else "This is not clear enough for a machine."


def sentences(reply: str, *, whole: bool) -> list[str]:
    """Those that are complete, without the greeting of a letter. `whole`: nothing more will come."""
    first, _, rest = reply.partition("\n")
    body = rest if first.rstrip().endswith((",", "!")) else reply if whole or "\n" in reply else ""
    parts = [one.strip() for one in SENTENCE.split(body)]
    ended = parts if whole else parts[:-1]
    return [one for one in ended if one]


def is_carried(sentence: str, asked: str, passages: Sequence[Passage]) -> bool:
    """Whether the passages, or what was asked, hold what a sentence states."""
    source = f"{asked} " + " ".join(f"{one.page} {one.heading} {one.text}" for one in passages)
    known = {one.strip(".,:;%-").casefold() for one in FACT.findall(source)}
    facts = {one.strip(".,:;%-").casefold() for one in FACT.findall(sentence)}
    own, words = set(stems(sentence)), set(stems(source))
    if PLACEHOLDER.search(sentence) or not facts <= known:
        return False
    return not own or len(own & words) / len(own) >= CARRIED
