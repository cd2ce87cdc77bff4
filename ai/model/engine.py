"""The process that owns the model: takes mails from any number of clients over a Unix socket, drafts them together.

python -m ai.model.engine --socket var/engine.sock --desk tennis
"""

import argparse
import base64
import json
import os
import queue
import resource
import sys
import threading
import time
from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from multiprocessing.connection import Connection, Listener
from pathlib import Path
from typing import Any

import torch

from ai.knowledge import Passage, load_knowledge
from ai.model.decoding import Decoder
from ai.model.embedder import PACKAGE, Embedder
from ai.model.loading import NoModel, load
from ai.model.patterns import remember_patterns
from ai.model.probe import Choice, best_choice
from ai.model.ranker import Ranker
from ai.model.readers import read_second_reader
from ai.model.speculation import Phrasebook
from ai.parsing import write_draft
from ai.prompt import MailText, prompt_hash
from ai.written import News, Question, Underway, Undrafted, Written
from db.desk import Desk, load_desk
from db.drafts import Draft

IDLE_SECONDS = 600  # without a client for so long, the engine ends: nobody may need it any more
VERSIONS = 3  # adapters kept in memory, the ones used last
NICE = 5  # pages come first where processors are few


@dataclass(frozen=True)
class Job:
    """One mail of one client, and where its news go."""

    place: int
    asked: Question
    news: "queue.SimpleQueue[tuple[int, News]]" = field(compare=False)


class Engine:
    """One thread drafts; those of the clients put mails into its queue and wait for news."""

    def __init__(self, desk: Desk, base: str, adapter: str, choice: Choice, ranker: str = "") -> None:
        self.desk, self.base, self.first, self.choice = desk, base, adapter, choice
        self.asked_ranker = ranker
        self.knowledge = load_knowledge(desk.folder / "knowledge")
        self.decoders: OrderedDict[str, Decoder] = OrderedDict()
        self.waiting: queue.SimpleQueue[Job] = queue.SimpleQueue()
        self.next: Job | None = None  # taken from the queue, for another version than the one at work
        self.clients, self.quiet_since, self.drafted, self.signed = 0, time.monotonic(), 0, 0
        self.phrases = Phrasebook()
        self.embedder: Embedder | None = None  # loaded when somebody asks for it
        self.ranker: Ranker | None = None  # likewise
        self.embedding = threading.Lock()  # of both
        self.names: dict[str, str] = {}  # of the versions in memory or once there, by folder
        self.prompt = prompt_hash(desk)
        remember_patterns(self.decoder(adapter))

    def decoder(self, adapter: str) -> Decoder:
        """The decoder of an adapter, loaded if need be. Raise NoModel."""
        if adapter not in self.decoders:
            loaded = load(self.base, adapter, dtype=self.choice.dtype)
            self.decoders[adapter] = Decoder(
                loaded, self.desk, self.knowledge, self.phrases, read_second_reader(adapter)
            )
            self.base_name, self.names[adapter] = loaded.base, loaded.adapter
            while len(self.decoders) > VERSIONS:
                self.decoders.popitem(last=False)
        self.decoders.move_to_end(adapter)
        return self.decoders[adapter]

    def work(self) -> None:
        """The drafting thread: mails for one version are drafted together, in the order in which they came."""
        while True:
            job, self.next = self.next or self.waiting.get(), None
            try:
                decoder = self.decoder(job.asked.adapter)
            except NoModel as problem:
                job.news.put((job.place, Undrafted(str(problem))))
                continue
            handed_out = self.hand_out(job)
            for done, news in decoder.run(lambda jobs=handed_out: next(jobs)):  # type: ignore[misc]
                done.news.put((done.place, news))

    def hand_out(self, first: Job) -> Iterator[tuple[Job, Question] | None]:
        """The first job, then whatever waits for the same version; None where there is nothing more at the moment."""
        yield first, first.asked
        while True:
            if self.next is None:
                try:
                    self.next = self.waiting.get_nowait()
                except queue.Empty:
                    yield None
                    continue
            if self.next.asked.adapter != first.asked.adapter:
                yield None
                continue
            job, self.next = self.next, None
            yield job, job.asked

    def hello(self) -> dict[str, Any]:
        return {
            **self.made_by(),
            "asked_base": self.base,
            "asked_ranker": self.asked_ranker,
            "adapter": self.names[self.first],
            "versions": [self.names[folder] for folder in list(self.decoders)],
            "drafted": self.drafted,
            "signed": self.signed,
            "waiting": self.waiting.qsize(),
            "peak_memory_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
        }

    def learn(self, answers: list[dict[str, Any]]) -> None:
        """Remember signed answers, to guess by."""
        decoder = next(iter(self.decoders.values()))
        for stated in answers:
            draft = Draft.from_json(stated)  # type: ignore[arg-type]
            decoder.remember(draft.category, write_draft(draft))
        self.signed += len(answers)

    def embed(self, texts: list[str]) -> dict[str, Any]:
        """Vectors of sentences, as base64 of float32, and whose they are."""
        try:
            with self.embedding:
                if self.embedder is None:
                    self.embedder = Embedder()
                vectors = self.embedder.embed(texts)
        except NoModel as problem:
            return {"problem": str(problem)}
        shape = [len(texts), int(vectors.shape[-1])]
        return {
            "name": f"{PACKAGE}:{shape[1]}",
            "shape": shape,
            "vectors": base64.b64encode(vectors.tobytes()).decode(),
        }

    def rank(self, asked: str, texts: list[str]) -> dict[str, Any]:
        try:
            with self.embedding:
                if self.ranker is None:
                    self.ranker = Ranker(self.asked_ranker)
                return {"scores": self.ranker.rank(asked, texts)}
        except NoModel as problem:
            return {"problem": str(problem)}

    def answer(self, asked: dict[str, Any]) -> Iterator[dict[str, Any]]:
        """What a client gets for one question."""
        if asked["op"] == "stop":
            os._exit(0)
        if asked["op"] == "learn":
            self.learn(asked["answers"])
        if asked["op"] == "embed":
            yield self.embed(asked["texts"])
            return
        if asked["op"] == "rank":
            yield self.rank(asked["asked"], asked["texts"])
            return
        if asked["op"] != "draft":
            yield self.hello()
            return
        news: queue.SimpleQueue[tuple[int, News]] = queue.SimpleQueue()
        mails = [asked_of(stated) for stated in asked["mails"]]
        for place, one in enumerate(mails):
            self.waiting.put(Job(place, one, news))
        left = len(mails)
        while left:
            place, what = news.get()
            left -= not isinstance(what, Underway)
            if isinstance(what, Written):
                self.drafted += 1
                what = replace(what, made_by={**self.made_by(), "adapter": self.names[mails[place].adapter]})
            yield {"place": place, "kind": type(what).__name__, "said": asdict(what)}

    def made_by(self) -> dict[str, Any]:
        return {
            "desk": self.desk.name,
            "base": self.base_name,
            "prompt": self.prompt,
            "precision": str(self.choice.dtype).removeprefix("torch."),
            "threads": self.choice.threads,
            "pid": os.getpid(),
        }

    def serve(self, client: Connection) -> None:
        self.clients += 1
        try:
            while True:
                for part in self.answer(json.loads(client.recv_bytes())):
                    client.send_bytes(json.dumps(part).encode())
        except (EOFError, OSError):
            return
        finally:
            self.clients -= 1
            self.quiet_since = time.monotonic()
            client.close()

    def stop_when_idle(self) -> None:
        while self.clients or time.monotonic() - self.quiet_since < IDLE_SECONDS:
            time.sleep(1)
        os._exit(0)


def end_the_process(died: threading.ExceptHookArgs) -> None:
    """Without its drafting thread the engine would keep clients waiting for ever; its death they notice."""
    sys.__excepthook__(died.exc_type, died.exc_value or died.exc_type(), died.exc_traceback)
    sys.stderr.flush()
    os._exit(70)


def asked_of(stated: dict[str, Any]) -> Question:
    mail = stated["mail"]
    passages = None if stated["passages"] is None else tuple(Passage(**one) for one in stated["passages"])
    return Question(
        MailText(**{**mail, "date": datetime.fromisoformat(mail["date"])}),
        stated["category"],
        stated["adapter"],
        passages,
        stated["stream"],
        stated["explain"],
        stated["temperature"],
        stated["seed"],
    )


def main() -> None:
    parser = argparse.ArgumentParser(description="Own the model and draft for whoever connects.")
    parser.add_argument("--socket", type=Path, required=True)
    parser.add_argument("--desk", default="tennis")
    parser.add_argument("--base", default="")
    parser.add_argument("--adapter", default="")
    parser.add_argument("--ranker", default="", help="cross-encoder that orders passages (default: none)")
    parser.add_argument(
        "--threads", type=int, default=0, help="CPU threads (default: as many as a short trial finds best)"
    )
    args = parser.parse_args()

    os.nice(NICE)
    threading.excepthook = end_the_process
    choice = best_choice(args.base, args.threads)
    torch.set_num_threads(choice.threads)
    engine = Engine(load_desk(args.desk), args.base, args.adapter, choice, args.ranker)
    args.socket.unlink(missing_ok=True)
    os.umask(0o077)  # the socket is for this user alone
    with Listener(str(args.socket), "AF_UNIX") as listener:
        threading.Thread(target=engine.work, daemon=True).start()
        threading.Thread(target=engine.stop_when_idle, daemon=True).start()
        while True:
            threading.Thread(target=engine.serve, args=(listener.accept(),), daemon=True).start()


if __name__ == "__main__":
    try:
        main()
    except NoModel as problem:
        raise SystemExit(" ".join(str(problem).split())) from None  # the log's last line is what the page shows
