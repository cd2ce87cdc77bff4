"""A mail in a language that the desk does not answer goes to a person; the desk's own, however written, does not."""

import json
from pathlib import Path

import pytest

from ai.language import heard
from db.desk import Desk

TRAINING = Path(__file__).resolve().parents[2] / "desks" / "tennis" / "training"


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("Bonjour, je voudrais réserver un court pour samedi matin, merci.", "fr"),
        ("Hola, he olvidado mi contraseña. ¿Me pueden ayudar?", "es"),
        ("Dobrý den, chtěl bych zrušit svou rezervaci na čtvrtek.", "cs"),
        ("Buongiorno, vorrei prenotare il campo 3 per domani alle 18.", "it"),
        ("Goedemorgen, ik wil graag mijn baan verzetten naar vrijdag.", "nl"),
        ("Dzień dobry, zapomniałem hasła do konta.", "pl"),
        ("こんにちは、土曜日の朝にコートを予約したいのですが、空いていますか。", "ja"),
        ("Здравствуйте, я забыл пароль от своего аккаунта, помогите пожалуйста.", "ru"),
    ],
)
def test_another_language_is_heard(desk: Desk, text: str, code: str) -> None:
    found = heard(text, desk)

    assert (found.code, found.is_foreign) == (code, True)
    assert found.reason.startswith("it is written in ")


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("Hello, I forgot my password and cannot log in any more.", "en"),
        ("Guten Tag, ich möchte meinen Platz am Donnerstag stornieren.", "de"),
        ("HELLO, I WOULD LIKE TO CANCEL MY COURT ON SUNDAY PLEASE", "en"),
        ("thx", "en"),
        ("B-36475 cancel pls", "en"),
        ("", "en"),
        ("12345 67890", "en"),
    ],
)
def test_the_desks_own_are_not_foreign(desk: Desk, text: str, code: str) -> None:
    assert (heard(text, desk).code, heard(text, desk).is_foreign) == (code, False)


def test_none_of_the_desks_own_mails_is_taken_for_foreign(desk: Desk) -> None:
    for name in ("heldout", "calibration"):
        for line in (TRAINING / f"{name}.jsonl").read_text(encoding="utf-8").splitlines():
            row = json.loads(line)
            body = row.get("mail", row)["body"]
            assert not heard(body, desk).is_foreign, body
