"""Coverage-guided fuzzing of the mail parser: it may never raise, and what it says can be stored.

pip install atheris
python tests/fuzz/mail.py -max_total_time=3600 var/fuzz        # the corpus grows in var/fuzz
"""

import sys
from pathlib import Path

import atheris

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))
with atheris.instrument_imports(include=["connectors", "email", "html", "tnefparse", "quopri"]):
    from connectors.mail_parsing import parse_mail

SLOW = 5.0  # seconds; libFuzzer's own -timeout stops at what takes longer


def look(raw: bytes) -> None:
    mail = parse_mail(raw)
    assert mail.message_id
    for words in (mail.text, mail.said, mail.subject, mail.from_name, mail.from_email, mail.html, mail.hidden):
        assert "\x00" not in words
        words.encode("utf-8")
    for one in mail.attachments:
        one.name.encode("utf-8")
        assert "/" not in one.name


def main() -> None:
    corpus = Path(next((word for word in sys.argv[1:] if not word.startswith("-")), ROOT / "var" / "fuzz"))
    corpus.mkdir(parents=True, exist_ok=True)
    for seed in (ROOT / "tests" / "emails").rglob("*.eml"):
        if seed.stat().st_size < 20_000 and not (corpus / seed.name).exists():
            (corpus / seed.name).write_bytes(seed.read_bytes())
    atheris.Setup([sys.argv[0], *sys.argv[1:], "-timeout=10", "-max_len=20000", "-rss_limit_mb=3000"], look)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
