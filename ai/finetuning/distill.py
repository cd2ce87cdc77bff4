"""A teacher answers mails that nobody has answered, and what it agrees with itself on becomes training rows.

    python ai/finetuning/distill.py --mails var/unanswered.jsonl --out var/taught.jsonl --url http://127.0.0.1:8080/v1 --name NAME
    python ai/finetuning/distill.py --mails var/unanswered.jsonl --out var/taught.jsonl --teacher FOLDER [--adapter FOLDER]

Each mail is answered --samples times. An answer counts where it keeps the schema; a row is written where --agree of
them name the same category and user name (self-consistency: Wang et al. 2022, arXiv:2203.11171), and where a person
has labelled the mail, the same as the person. Rows are written one by one, so that the same command goes on after a
stop; what was refused stands with its reason in OUT.refused.jsonl. Sequence-level distillation after Kim and Rush 2016,
arXiv:1606.07947; for logits see `finetune_lora.py --teacher`.
"""

import argparse
import json
import os
from collections import Counter
from collections.abc import Sequence
from contextlib import ExitStack, closing, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol

from rouge_score.rouge_scorer import RougeScorer
from tqdm import tqdm

from ai.finetuning.duplicates import text_of
from ai.finetuning.examples import Report, Row, UnusableRow, in_words, read_rows
from ai.knowledge import Knowledge, load_knowledge
from ai.model.decoding import Decoder
from ai.model.loading import Loaded, NoModel, best_dtype, load
from ai.model.writing import DecodingFailed, Sampling
from ai.parsing import UnusableOutput, parse_draft, write_draft
from ai.prompt import MailText, messages_with_examples, prompt_hash
from ai.remote import ChatServer, RequestRefused, ServerDown
from ai.schema import BUDGET, schema_of_any
from ai.settings import ModelSettings
from ai.teaching import own_data
from db.desk import Desk, UnusableDesk, load_desk
from db.drafts import Draft
from db.settings import read_settings

LONGEST_MAIL = 6000  # characters of a mail that a server is sent
SHOWN = 3  # examples that an untrained teacher is shown


class Teacher(Protocol):
    @property
    def name(self) -> str: ...

    def answer(self, row: Row, seed: int) -> str:
        """One sampled answer as text. Raise DecodingFailed, RequestRefused or ServerDown."""


@dataclass
class ServerTeacher:
    """Any model behind an OpenAI-compatible server; it is shown how the desk answered similar mails."""

    server: ChatServer
    desk: Desk
    knowledge: Knowledge
    shown: "Shown"
    temperature: float

    @property
    def name(self) -> str:
        return self.server.name

    def answer(self, row: Row, seed: int) -> str:
        passages = [passage.text for passage in self.knowledge.find(row.mail.words)]
        mail = replace(row.mail, body=row.mail.body[:LONGEST_MAIL])
        asked = messages_with_examples(self.desk, mail, self.shown.like(row), passages)
        schema = schema_of_any(self.desk)
        return self.server.complete(asked, schema, temperature=self.temperature, seed=seed, longest=BUDGET).text


@dataclass
class FolderTeacher:
    """A model on this machine that has learnt the desk's form already, for instance a larger one."""

    decoder: Decoder
    loaded: Loaded
    temperature: float

    @property
    def name(self) -> str:
        return self.loaded.adapter or self.loaded.base

    def answer(self, row: Row, seed: int) -> str:
        return self.decoder.draft(row.mail, sampling=Sampling(self.temperature, seed)).text


class Shown:
    """Answered mails to show a teacher: the most similar ones, by shared words."""

    def __init__(self, rows: Sequence[Row], desk: Desk) -> None:
        self.answered: list[tuple[set[str], MailText, str]] = []
        for row in rows:
            with suppress(UnusableRow):
                self.answered.append((set(text_of(row).split()), row.mail, write_draft(in_words(row, desk))))

    def like(self, row: Row) -> list[tuple[MailText, str]]:
        words = set(text_of(row).split())
        near = sorted(self.answered, key=lambda one: -len(words & one[0]) / max(1, len(words | one[0])))
        return [(mail, answer) for _, mail, answer in near[:SHOWN]]


@dataclass(frozen=True)
class Verdict:
    """The draft that the samples agree on, or why there is none; `agreed` of `valid` samples say the same."""

    draft: Draft | None
    reason: str
    valid: int
    agreed: int


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add = parser.add_argument
    add("--desk", default="tennis", help="folder under desks/ (default: tennis)")
    add("--mails", type=Path, required=True, help="JSONL or CSV of mails, with or without answers")
    add("--out", type=Path, required=True, help="where training rows are appended")
    add("--url", default="", help="an OpenAI-compatible server, up to and with /v1")
    add("--name", default="", help="the model's name on that server")
    add("--key", default="", help="the server's API key; default: the setting MODEL_API_KEY")
    add("--teacher", default="", help="hub id or folder of a teacher on this machine, instead of --url")
    add("--adapter", default="", help="its adapter")
    add("--samples", type=int, default=3, help="answers for each mail (default: 3)")
    add("--agree", type=int, default=2, help="how many of them must say the same (default: 2)")
    add("--temperature", type=float, default=0.7, help="of the samples (default: 0.7)")
    add("--limit", type=int, default=0, help="stop after so many mails")
    args = parser.parse_args()
    if bool(args.url) == bool(args.teacher):
        parser.error("name one teacher: --url of a server, or --teacher, a model on this machine")
    if not 1 <= args.agree <= args.samples:
        parser.error("--agree must lie between 1 and --samples")

    desk = load_desk(args.desk)
    report = Report()
    rows = read_rows(args.mails, report)
    for problem in report.problems:
        print("unusable:", problem)
    known = done(args.out) | done(refused_beside(args.out))
    waiting = [row for row in rows if row.id not in known][: args.limit or None]
    print(f"{len(rows)} mails, {len(rows) - len(waiting)} done before or left for later")
    with ExitStack() as until_done:
        distill(waiting, teacher_of(args, desk, until_done), args, desk)


def distill(waiting: Sequence[Row], teacher: Teacher, args: argparse.Namespace, desk: Desk) -> None:
    """One mail after the other; whatever is decided about it is on the disk before the next one is asked."""
    refused_path = refused_beside(args.out)
    reasons: Counter[str] = Counter()
    for row in tqdm(waiting, unit="mail"):
        texts: list[str] = []
        for seed in range(args.samples):
            try:
                texts.append(teacher.answer(row, seed))
            except (DecodingFailed, RequestRefused) as problem:
                reasons[f"sample failed: {problem}"] += 1
        verdict = weigh(row, texts, desk, args.agree)
        if verdict.draft is None:
            reasons[verdict.reason] += 1
            append(refused_path, {"id": row.id, "reason": verdict.reason, "answers": texts})
            continue
        reasons["written"] += 1
        append(args.out, taught_row(row, verdict, teacher.name, args, desk))
    for reason, count in reasons.most_common():
        print(f"{count:6} {reason}")


def refused_beside(out: Path) -> Path:
    return out.with_suffix(".refused.jsonl")


def teacher_of(args: argparse.Namespace, desk: Desk, until_done: ExitStack) -> Teacher:
    knowledge = load_knowledge(desk.folder / "knowledge")
    if args.teacher:
        loaded = load(args.teacher, args.adapter, dtype=best_dtype())
        return FolderTeacher(Decoder(loaded, desk, knowledge), loaded, args.temperature)
    taught = [row for path in own_data(desk) for row in read_rows(path, Report())]
    key = args.key or read_settings(ModelSettings).api_key.get_secret_value()
    server = until_done.enter_context(closing(ChatServer(args.url, args.name, key)))
    return ServerTeacher(server, desk, knowledge, Shown(taught, desk), args.temperature)


def weigh(row: Row, texts: Sequence[str], desk: Desk, agree: int) -> Verdict:
    """Keep what is valid, find what most samples say, and of those answers take the one most like the others."""
    drafts: list[Draft] = []
    for text in texts:
        try:
            drafts.append(parse_draft(text, desk, row.mail))
        except UnusableOutput:
            continue
    if not drafts:
        return Verdict(None, "no answer keeps the schema", 0, 0)
    (category, username), agreed = Counter((d.category, d.username) for d in drafts).most_common(1)[0]
    if agreed < agree:
        return Verdict(None, "the samples do not agree", len(drafts), agreed)
    if row.answer is not None and (row.answer.category, row.answer.username) != (category, username):
        return Verdict(None, "a person says otherwise", len(drafts), agreed)
    same = [draft for draft in drafts if (draft.category, draft.username) == (category, username)]
    return Verdict(most_typical(same), "", len(drafts), agreed)


def most_typical(drafts: Sequence[Draft]) -> Draft:
    """The draft whose reply shares most with the other replies (a medoid under ROUGE-L)."""
    scorer = RougeScorer(["rougeL"])
    return max(drafts, key=lambda one: sum(scorer.score(other.reply, one.reply)["rougeL"].fmeasure for other in drafts))


def taught_row(row: Row, verdict: Verdict, name: str, args: argparse.Namespace, desk: Desk) -> dict[str, Any]:
    assert verdict.draft is not None
    return {
        "id": row.id,
        "lang": row.lang,
        "family": row.family,
        "mail": {**row.mail.__dict__, "date": row.mail.date.isoformat()},
        "answer": verdict.draft.as_json(),
        "tags": [*row.tags, "distilled"],
        "teacher": {
            "name": name,
            "temperature": args.temperature,
            "samples": args.samples,
            "valid": verdict.valid,
            "agreed": verdict.agreed,
            "prompt_hash": prompt_hash(desk),
            "at": datetime.now(UTC).isoformat(timespec="seconds"),
        },
    }


def done(path: Path) -> set[str]:
    """Ids of rows that stand in the file whole; a line that a stop cut off is done again."""
    if not path.is_file():
        return set()
    text = path.read_text(encoding="utf-8")
    ids = set()
    for line in text.split("\n"):
        with suppress(ValueError, KeyError, TypeError):
            ids.add(str(json.loads(line)["id"]))
    whole = text[: text.rfind("\n") + 1]
    if whole != text:  # the last line has no end
        unfinished = path.with_suffix(".part")
        unfinished.write_text(whole, encoding="utf-8")
        unfinished.replace(path)
    return ids


def append(path: Path, row: dict[str, Any]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a", encoding="utf-8") as file:
        file.write(json.dumps(row, ensure_ascii=False) + "\n")
        file.flush()
        os.fsync(file.fileno())


if __name__ == "__main__":
    try:
        main()
    except (NoModel, UnusableDesk, ServerDown) as problem:
        raise SystemExit(str(problem)) from None
    except KeyboardInterrupt:
        raise SystemExit("Stopped. The same command goes on where it was.") from None
