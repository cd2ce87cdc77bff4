"""How sure a draft is, and whether a person must decide whatever the number says. Pure."""

import re
from collections.abc import Mapping

from db.desk import Desk
from db.drafts import Draft

SURE_ENOUGH = 0.75  # below it a person decides
SIGNS: Mapping[str, re.Pattern[str]] = {
    "the mail addresses the system, not the club": re.compile(
        r"ignore (all|any|your|the|previous|earlier)|disregard (all|any|your|the|previous)|system prompt|you are (now )?an? (ai|assistant|bot)|note to (the )?(ai|system|assistant)|"
        r"(instructions?|orders?) (for|to) the (system|ai|model|assistant|bot)|approve (this|all|every)|ignorier\w* (alle|die|deine|ihre)|anweisung(en)? an (das|die) (system|ki)|"
        r"als ki\b|sprachmodell|language model|\bsystem:|<\|",
        re.IGNORECASE,
    ),
    "somebody else may have used the account": re.compile(
        r"\bhacked|gehackt|broken into|someone else (has|is|was|must)|somebody else (has|is|was|must)|jemand anders|fremde[rn]? (zugriff|anmeldung|person)|wasn'?t me|war ich nicht|not made by me|did not (make|book)",
        re.IGNORECASE,
    ),
    "it makes a legal demand": re.compile(
        r"\blawyer|solicitor|attorney|legal action|rechtsanwalt|anwält|gdpr|dsgvo|article 1[57]|artikel 1[57]|art\. ?1[57]|fristsetzung|data protection act",
        re.IGNORECASE,
    ),
    "it asks for several bookings or a swap": re.compile(
        r"\bswap\b|\btrade (hours|slots|courts)|\btausch|\bevery (week|monday|tuesday|wednesday|thursday|friday|saturday|sunday)|\bjeden (montag|dienstag|mittwoch|donnerstag|freitag|samstag|sonntag)|\bweekly\b|wöchentlich|all season|ganze saison|"
        r"all (the )?courts|alle plätze|two courts|zwei plätze",
        re.IGNORECASE,
    ),
    "it asks for somebody else's account or booking": re.compile(
        r"\bmy (colleague|friend|neighbou?r|husband|wife|brother|sister|father|mother|boss|partner|team ?mate|player|student)('s|s'|\b.{0,40}\b(account|login|password|user))|"
        r"\bon behalf of|im (auftrag|namen) (von|meine)|\bmeine[rsnm]? (kolleg|freund|nachbar|mann|frau|bruder|schwester|vater|mutter|schüler)\w*.{0,40}(konto|zugang|passwort|benutzer|kennwort)|\bfor the (whole )?team",
        re.IGNORECASE,
    ),
}  # fmt: skip


def confidence_of(categories: Mapping[str, float], chosen: str, username_probability: float) -> float:
    """The probability that category and user name are both right, as the model sees it."""
    return round(categories.get(chosen, 0.0) * username_probability, 4)


def human_score(categories: Mapping[str, float], desk: Desk, words: str, confidence: float) -> float:
    """How strongly a mail asks for a person, 0 to 1: certain where its words give a sign, else as the model doubts."""
    if any(sign.search(words) for sign in SIGNS.values()):
        return 1.0
    of_people = sum(share for name, share in categories.items() if desk.category(name).needs_human)
    return round(max(of_people, 1.0 - confidence), 4)


def reasons_for_a_person(draft: Draft, desk: Desk, words: str, confidence: float) -> list[str]:
    """Why a person must decide; empty where nothing asks for one."""
    reasons = [reason for reason, sign in SIGNS.items() if sign.search(words)]
    if desk.category(draft.category).needs_human:
        reasons.insert(0, "this kind of mail is always a person's")
    if confidence < SURE_ENOUGH:
        reasons.append("the model is not sure")
    return reasons
