"""What a model wrote becomes a draft with its confidence, its reasons, and whether a person must decide; for every way in."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from ai.confidence import Evidence, features_for_autopilot, judged, read_calibration
from ai.grounding import rests_on
from ai.language import answered, heard
from ai.library import Library
from ai.parsing import parse_draft
from ai.written import Question, Written
from db.desk import Desk
from db.drafts import LEFT_OUT, Draft, asks_for_user_name, greeted

NO_PAGE = "no page answers this"
ASKED = "the model asked for a user name that the mail states"
QUOTED = "the model left the page aside, so the page's own words stand in the reply"


@dataclass(frozen=True)
class Weighed:
    """A draft and what is to be made of it. `features`: what the autopilot calibrates by; `calibration`: the mark of the one in use."""

    draft: Draft
    confidence: float | None
    needs_human: bool
    reasons: list[str]
    language: str
    features: list[float]
    calibration: str = ""


def with_passages(asked: Sequence[Question], desk: Desk, library: Library, kinds: Sequence[str] = ()) -> list[Question]:
    """Found in the language of each mail, where the desk answers it; `kinds`: of such pages alone."""
    words = [f"{one.mail.subject}\n{one.said or one.mail.body}" for one in asked]
    found = [
        library.find(said, language=answered(one.mail.body, desk), kinds=kinds, meant=meant)
        for one, said, meant in zip(asked, words, library.embedded(words), strict=True)
    ]
    return [replace(one, passages=tuple(hit.passage for hit in hits)) for one, hits in zip(asked, found, strict=True)]


def weighed(asked: Question, written: Written, desk: Desk, said: str) -> Weighed:
    """`said`: the words whose language counts. Raise UnusableOutput."""
    draft = parse_draft(written.text, desk, asked.mail)
    is_stock = asks_for_what_is_stated(draft)
    spoken = heard(said, desk)
    if is_stock and draft.category in desk.stock.get(spoken.code, {}):
        draft = draft.with_reply(greeted(draft.reply, desk.stock[spoken.code][draft.category]))
    evidence = Evidence.of(written, draft, asked.mail.words)
    calibration = read_calibration(asked.adapter)
    found = judged(evidence, desk, calibration)
    is_unknown = asked.passages == () and desk.category(draft.category).knowledge
    if is_unknown:  # nothing is invented: the reply says that a colleague will answer
        draft = draft.with_reply(handed_over(draft.reply, desk, spoken.code))
    own = [one for one in asked.passages or () if one.kind != "answer"]  # nobody is sent what another was told
    is_quoted = (
        bool(own) and desk.category(draft.category).knowledge and not rests_on(draft.reply, asked.passages or ())
    )
    if is_quoted:
        draft = draft.with_reply(greeted(draft.reply, own[0].text))
    signs = (
        (spoken.is_foreign, spoken.reason), (is_unknown, NO_PAGE), (is_quoted, QUOTED), (is_stock, ASKED),
    )  # fmt: skip
    first = [words for is_so, words in signs if is_so]
    return Weighed(
        draft,
        found.confidence,
        found.needs_human or bool(first),
        [*first, *found.reasons],
        spoken.code,
        features_for_autopilot(evidence, desk),
        calibration.mark if calibration else "",
    )


def asks_for_what_is_stated(draft: Draft) -> bool:
    """Whether the reply asks for a user name although the mail states one."""
    return bool(draft.username) and asks_for_user_name(draft.reply)


def asking(found: Weighed, desk: Desk) -> Weighed:
    """For those who ask without a club to look into; of tickets `actions.checking` knows whether the sender is known."""
    draft = asking_for_name(found.draft, desk, found.language)
    return found if draft is found.draft else replace(found, draft=draft, reasons=[LEFT_OUT, *found.reasons])


def asking_for_name(draft: Draft, desk: Desk, language: str) -> Draft:
    """With the question for a user name, where the reply reports what nobody can do without one."""
    words = question_for_name(desk, draft.category, language)
    if draft.username or not (words and draft.placeholders):
        return draft
    return draft.with_reply(greeted(draft.reply, words))


def question_for_name(desk: Desk, category: str, language: str) -> str:
    """In the desk's words; "" where the category has no action."""
    action = desk.category(category).action
    words = desk.asks.get(language, {})
    return words.get("wish" if action == "create_account" else "username", "") if action else ""


def handed_over(reply: str, desk: Desk, language: str) -> str:
    """The greeting that the model wrote, and the desk's own words for a question that no page answers."""
    words = desk.nothing_fits.get(language) or next(iter(desk.nothing_fits.values()), "")
    return greeted(reply, words) if words else reply


def sources_of(written: Written) -> list[dict[str, Any]]:
    """The passages that it was written from."""
    return [asdict(passage) for passage in written.passages]


def top_three(categories: dict[str, float]) -> list[tuple[str, float]]:
    best = sorted(categories.items(), key=lambda item: -item[1])[:3]
    return [(name, round(probability, 4)) for name, probability in best]


def name_of(made_by: dict[str, Any]) -> str:
    return str(made_by.get("adapter") or made_by.get("base") or "model")
