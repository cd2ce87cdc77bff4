"""Drafts for programs: the same model, prompt, grammar and confidence as for tickets; what comes at one time is drafted together."""

import queue
import threading
import time
from concurrent.futures import Future
from concurrent.futures import TimeoutError as TooLong
from dataclasses import dataclass, field

from ai.drafting import Model, ModelDown
from ai.library import Library
from ai.parsing import UnusableOutput
from ai.prompt import MailText
from ai.weighing import asking, name_of, sources_of, top_three, weighed, with_passages
from ai.written import Decided, News, Question, Undrafted, Written
from db import versions, wording
from db.desk import Desk
from db.knowledge import FOR_ANYBODY
from db.plans import NoAnswer
from db.session import OpenSession
from db.triage import Busy, MailIn, Triaged

TOGETHER = 8
MOST_WAITING = 64
SECONDS = 60.0
GATHERED = 0.02  # seconds that the first of several waits for the others


@dataclass
class Waiting:
    question: Question
    answer: Future[tuple[News, float, float]]
    asked_at: float


@dataclass
class Triage:
    """One thread asks the model; callers wait for their part. Nothing is stored."""

    open_session: OpenSession
    desk: Desk
    model: Model
    library: Library | None = None
    waiting: queue.Queue[Waiting] = field(default_factory=lambda: queue.Queue(MOST_WAITING))
    worker: threading.Thread | None = None
    lock: threading.Lock = field(default_factory=threading.Lock)

    def triage(self, mail: MailIn) -> Triaged:
        """Raise NoAnswer where the model gives none, Busy where too much waits already."""
        self.be_awake()
        with self.open_session.reading() as session:
            adapter = versions.folder_for(session, "")
        text = MailText(mail.from_name, mail.from_email, mail.date, mail.subject, mail.body)
        question = Question(text, adapter=adapter)
        if self.library is not None:
            (question,) = with_passages([question], self.desk, self.library, FOR_ANYBODY)
        one = Waiting(question, Future(), time.monotonic())
        try:
            self.waiting.put_nowait(one)
        except queue.Full:
            raise Busy(f"{MOST_WAITING} drafts wait already. Ask again in a moment.", 5) from None
        try:
            news, began, decided = one.answer.result(timeout=SECONDS)
        except TooLong:
            one.answer.cancel()
            raise NoAnswer(f"The model gave no draft within {SECONDS:g} seconds.") from None
        except ModelDown as problem:
            raise NoAnswer(str(problem)) from problem
        return self.read(one, news, (began, decided))

    def read(self, one: Waiting, news: News, moments: tuple[float, float]) -> Triaged:
        if not isinstance(news, Written):
            raise NoAnswer(news.problem if isinstance(news, Undrafted) else "The model gave no draft.")
        try:
            with self.open_session.reading() as session:
                desk = wording.current(session, self.desk)
            found = asking(weighed(one.question, news, desk, one.question.mail.body), desk)
        except UnusableOutput as problem:
            raise NoAnswer(f"The model's draft cannot be used: {problem}") from problem
        began, decided = moments
        taken = {"waited": began - one.asked_at, "category": decided - began, "total": time.monotonic() - one.asked_at}
        return Triaged(
            draft=found.draft,
            confidence=round(found.confidence or 0.0, 4),
            needs_human=found.needs_human,
            categories=top_three(news.categories),
            reasons=found.reasons,
            sources=[{key: str(value) for key, value in source.items()} for source in sources_of(news)],
            model=name_of(news.made_by),
            timings_ms={name: round(1000 * seconds) for name, seconds in taken.items()},
        )

    def be_awake(self) -> None:
        with self.lock:
            if self.worker is None or not self.worker.is_alive():
                self.worker = threading.Thread(target=self.work, name="triage", daemon=True)
                self.worker.start()

    def work(self) -> None:
        while True:
            batch = [self.waiting.get()]
            time.sleep(GATHERED)
            while len(batch) < TOGETHER and not self.waiting.empty():
                batch.append(self.waiting.get())
            batch = [one for one in batch if one.answer.set_running_or_notify_cancel()]
            if batch:
                self.draft(batch)

    def draft(self, batch: list[Waiting]) -> None:
        began = time.monotonic()
        decided = [began] * len(batch)
        left = dict(enumerate(batch))
        try:
            for place, news in self.model.draft([one.question for one in batch]):
                if isinstance(news, Decided):
                    decided[place] = time.monotonic()
                elif place in left:
                    left.pop(place).answer.set_result((news, began, decided[place]))
        except Exception as problem:  # noqa: BLE001 (whoever waits must hear of it; the thread goes on)
            for one in left.values():
                one.answer.set_exception(problem)
        else:
            for one in left.values():
                one.answer.set_exception(ModelDown("The model left this mail out."))
