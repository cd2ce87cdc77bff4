"""Answers for visitors: only from passages that are shown, sentence by sentence; everything else is handed to a person.

A sentence leaves only where the passages carry it (`ai.grounding`). The model decides first what is asked; a wish that is
more than a question is a person's at once. Where a page fits well and the model does not use it, the page itself answers.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from ai.drafting import Model, ModelDown
from ai.grounding import has_facts, is_carried, sentences
from ai.language import answered
from ai.library import Found, Library
from ai.parsing import reply_so_far
from ai.prompt import MailText
from ai.written import Decided, Question, Undrafted, Written
from db import versions
from db.chat_terms import Granted
from db.chats import HandOver, Piece, Settled, Shown, Sign
from db.desk import Desk
from db.knowledge import FOR_ANYBODY
from db.orders import talks_to_software
from db.passages import stems
from db.plans import NoAnswer
from db.session import OpenSession

MOST = 3  # passages
PERSON = re.compile(
    r"\b(human|real person|speak to (a|some)|talk to (a|some)|colleague|staff|agent|mensch|person sprechen|mitarbeiter|jemand(en)? (sprechen|anrufen)|rückruf|call me)\w*",
    re.IGNORECASE,
)


@dataclass
class ChatDesk:
    """Asks the model on a line of its own."""

    open_session: OpenSession
    desk: Desk
    model: Model
    library: Library

    def answer(self, asked: str, before: Sequence[str], granted: Granted) -> Iterator[Sign]:
        """What to show, in order; ends with Settled or HandOver. `before`: what the visitor wrote earlier.

        Raise NoAnswer where the model gives none.
        """
        if PERSON.search(asked):
            yield HandOver("You asked for a person.")
            return
        if talks_to_software(asked):
            yield HandOver("A person will read this.")
            return
        words = f"{before[-1]} {asked}" if before and len(stems(asked)) < 3 else asked
        found = self.library.find(words, language=answered(asked, self.desk), most=MOST, kinds=FOR_ANYBODY)
        if not found:
            yield HandOver("No page answers this.")
            return
        yield from self.written(words, found, granted)

    def written(self, words: str, found: Sequence[Found], granted: Granted) -> Iterator[Sign]:
        passages = tuple(one.passage for one in found)
        with self.open_session.reading() as session:
            adapter = versions.folder_for(session, "")
        mail = MailText("", "", datetime.now(UTC), "", words)
        told, confidence = 0, 0.0
        try:
            for _, news in self.model.draft([Question(mail, adapter=adapter, passages=passages, stream=True)]):
                if isinstance(news, Decided):
                    confidence = news.categories.get(news.chosen, 0.0)
                    reason = why_not(news, granted)
                    if reason:
                        yield HandOver(reason, confidence)
                        return
                    yield Shown([(one.page, one.heading, one.text) for one in passages])
                    continue
                if isinstance(news, Undrafted):
                    raise NoAnswer(news.problem)
                done = isinstance(news, Written)
                reply = reply_so_far(news.text) if isinstance(news, Written) else news.reply
                for sentence in sentences(reply, whole=done)[told:]:
                    if not is_carried(sentence, passages):
                        yield from self.instead(found[0], sentence, told, confidence)
                        return
                    told += 1
                    yield Piece(sentence)
        except ModelDown as problem:
            raise NoAnswer(str(problem)) from problem
        yield Settled(round(confidence, 4)) if told else HandOver("No page answers this.", confidence)

    def instead(self, best: Found, sentence: str, told: int, confidence: float) -> Iterator[Sign]:
        """The model left the pages: a polite ending is left out; where nothing was said yet, a page that fits well speaks."""
        if not told and best.fits_well:
            yield Piece(best.passage.text)
        elif not told or has_facts(sentence):
            yield HandOver("The pages do not say enough about this.", confidence)
            return
        yield Settled(round(confidence, 4))


def why_not(news: Decided, granted: Granted) -> str:
    """Why a person must answer; "" where the machine may."""
    if news.chosen not in granted.categories:
        return "A person will take care of this."
    return "" if news.categories.get(news.chosen, 0.0) >= granted.least else "This is not clear enough for a machine."
