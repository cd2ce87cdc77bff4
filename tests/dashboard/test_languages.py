"""The pages in German: nothing left out, nothing made up, chosen by the person or the browser."""

import ast
import re
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

import pytest
from babel.messages.pofile import read_po
from pages import FORM, HX, Pages

from dashboard import languages
from dashboard.languages import HOLE, Language, language_of, negotiated
from db.models import Person

ROOT = Path(__file__).resolve().parents[2]
GERMAN = {"Accept-Language": "de-AT,de;q=0.9,en;q=0.5"}
MARKED = re.compile(r"""_\(\s*(?:"([^"]*)"|'([^']*)')\s*\)""")


COMPOSED = {  # of parts, so that no one string holds them
    "{label}: sign 1 ticket and send 1 reply",
    "{label}: sign {n} tickets and send {m} replies",
    "The reply to {who} came back. Nobody has read it.",
}


def marked() -> set[str]:
    """What the templates give to be translated."""
    found = set(languages.IN_SCRIPTS)
    for path in (ROOT / "templates").rglob("*.html"):
        found |= {one or other for one, other in MARKED.findall(path.read_text(encoding="utf-8"))}
    return found


@cache
def corpus() -> str:
    """Every string of the program, with `{}` where something is put in; and the templates."""
    found = []
    for floor in ("app.py", "dashboard", "db", "actions", "connectors", "ai"):
        for path in (ROOT / floor).rglob("*.py") if (ROOT / floor).is_dir() else [ROOT / floor]:
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.JoinedStr):
                    parts = [one.value if isinstance(one, ast.Constant) else "{}" for one in node.values]
                    found.append("".join(map(str, parts)))
                elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                    found.append(node.value)
    found += [path.read_text(encoding="utf-8") for path in (ROOT / "templates").rglob("*.html")]
    found += [path.read_text(encoding="utf-8") for path in (ROOT / "desks").glob("*/desk.toml")]
    return "\n".join([*found, *languages.IN_SCRIPTS]).replace("_", " ").lower()


def test_every_marked_word_is_translated() -> None:
    assert sorted(marked() - set(languages.shipped("de"))) == []


def test_every_translation_is_still_needed() -> None:
    pieces = {
        one: [p for p in HOLE.sub("\0", one).replace("_", " ").lower().split("\0") if len(p.strip()) > 2]
        for one in languages.shipped("de")
    }
    dead = [one for one, parts in pieces.items() if not all(part.strip(" :.()“”,") in corpus() for part in parts)]
    assert sorted(set(dead) - COMPOSED) == []


def test_a_translation_has_the_holes_of_its_sentence() -> None:
    with (ROOT / "dashboard" / "locale" / "de.po").open("rb") as file:
        for one in read_po(file):
            assert set(HOLE.findall(str(one.id))) == set(HOLE.findall(str(one.string))), one.id
            assert str(one.id).count("%") == str(one.string).replace("95 %", "95%").replace("95-%", "95%").replace(
                "100 %", "100%"
            ).count("%")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("Reset password for anna42 and reply to a@b.example", "Passwort von anna42 zurücksetzen und antworten an a@b.example"),
        ("Cannot reset password: the club knows no account mia", "Geht nicht (Passwort zurücksetzen): der Verein kennt kein Konto mia"),
        ("Routine: taken back by “Cancel booking”", "Alltäglich: rückgängig durch „Buchung stornieren“"),
        ("3 days", "3 Tage"),
        ("it is written in French, which the model has not learnt", "sie ist auf Französisch geschrieben, was das Modell nicht gelernt hat"),
        ("Nobody translated this.", "Nobody translated this."),
        ("", ""),
    ],
)  # fmt: skip
def test_sentences_of_the_floors_below_are_translated_by_their_pattern(words: str, said: str) -> None:
    labels = (("reset password", "Passwort zurücksetzen"), ("Cancel booking", "Buchung stornieren"))
    assert language_of("de", labels).say(words) == said


def test_a_long_text_of_a_stranger_costs_nothing() -> None:
    endless = "Ticket " + "x is " * 50_000

    assert language_of("de").say(endless) == endless


def test_a_hole_that_stands_twice_means_the_same() -> None:
    german = Language("de", {"{a} is {a}": "{a} gleich {a}"})

    assert german.say("x is x") == "x gleich x"
    assert german.say("x is y") == "x is y"


@pytest.mark.parametrize(
    ("header", "code"),
    [("de", "de"), ("de-CH", "de"), ("fr, de;q=0.8, en;q=0.2", "de"), ("en-GB,de", "en"), ("fr", "en"), ("", "en"), ("de;q=0, en", "en"), ("x;q=y", "en")],
)  # fmt: skip
def test_the_browser_says_which_language(header: str, code: str) -> None:
    assert negotiated(header) == code


def test_pages_refusals_and_forms_speak_it(pages: Pages) -> None:
    page = pages.client.get("/tickets/1", headers=GERMAN).text
    assert '<html lang="de"' in page
    assert "Passwort von anna42 zurücksetzen und antworten an anna@kowalczyk.example" in page
    assert "anna42 ist aktiv" in page
    assert ">Passwort zurücksetzen <b>97%</b>" in page
    assert "Neu entwerfen" in page
    assert "&#34;Sign in&#34;: &#34;Anmelden&#34;" in page  # for the scripts

    refused = pages.client.post("/tickets/1/approval", data=pages.form(reply=""), headers={**HX, **GERMAN})
    assert "Die Antwort ist leer." in refused.text
    assert "Nicht gefunden" in pages.client.get("/tickets/99", headers={**FORM, **GERMAN}).text
    assert 'lang="en"' in pages.client.get("/tickets/1").text


def test_what_somebody_chose_counts_more_than_their_browser(pages: Pages) -> None:
    pages.client.post("/me", data={"language": "de", "zone": "Asia/Tokyo", "name": "Mia"}, headers=FORM)

    page = pages.client.get("/me").text
    assert "Ihre Einstellungen" in page
    with pages.open_session.reading() as session:
        assert session.get_one(Person, 1).language == "de"


def test_programs_are_answered_in_english(pages: Pages) -> None:
    answer = pages.client.get("/api/tickets/99", headers=GERMAN)

    assert answer.json()["detail"] == "There is no ticket 99."


def test_moments_stand_in_the_language_and_the_zone(pages: Pages) -> None:
    from zoneinfo import ZoneInfo

    moment = datetime(2026, 5, 14, 22, 30, tzinfo=UTC)
    templates = languages_environment()
    zone = {"zone": ZoneInfo("Europe/Berlin")}
    for code, said in (("en", "Fri 15 May, 00:30"), ("de", "Fr. 15. Mai, 00:30")):
        languages.current.set(language_of(code))
        assert templates.from_string("{{ x | at }}").render(x=moment, **zone) == said
    languages.current.set(languages.ENGLISH)


def languages_environment() -> "object":
    from jinja2 import Environment

    made = Environment(autoescape=True)
    languages.install(made)
    return made
