"""The playground: one draft by any version and any setting, with everything that it was made of."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime

from ai.drafting import Model, ModelDown
from ai.library import Found, Library, fitting, hit_of
from ai.parsing import UnusableOutput
from ai.prompt import MailText
from ai.weighing import name_of, weighed
from ai.written import Question, Undrafted, Written
from db import versions, wording
from db.desk import Desk
from db.plans import NoAnswer
from db.playground import Play, Played
from db.session import OpenSession

SHOWN = 6  # passages, those that do not fit among them


@dataclass
class Playground:
    """Asks the engine here, on a line of its own."""

    open_session: OpenSession
    desk: Desk
    model: Model
    library: Library

    def play(self, play: Play) -> Played:
        """Raise NoAnswer where the model gives none, NoSuchVersion."""
        with self.open_session.reading() as session:
            folder = versions.named(session, play.version).folder if play.version else versions.folder_for(session, "")
        mail = MailText(play.from_name, "", datetime.now(UTC), play.subject, play.body)
        ranked = self.library.find(mail.words, most=SHOWN, all_ranks=True) if play.with_passages else []
        used = tuple(one.passage for one in fitting(ranked))
        asked = Question(
            mail, adapter=folder, passages=used, explain=True, temperature=play.temperature, seed=play.seed
        )
        return self.read(asked, self.written(asked), ranked)

    def written(self, asked: Question) -> Written:
        try:
            for _, news in self.model.draft([asked]):
                if isinstance(news, Undrafted):
                    raise NoAnswer(news.problem)
                if isinstance(news, Written):
                    return news
        except ModelDown as problem:
            raise NoAnswer(str(problem)) from problem
        raise NoAnswer("The model gave no draft.")

    def read(self, asked: Question, news: Written, ranked: list[Found]) -> Played:
        said = Played(
            prompt=news.prompt,
            text=news.text,
            tokens=news.tokens,
            passages=[hit_of(one) for one in ranked],
            categories=sorted(((name, round(p, 4)) for name, p in news.categories.items()), key=lambda one: -one[1]),
            confidence=None,
            needs_human=True,
            reasons=(),
            model=name_of(news.made_by),
            seconds=news.seconds,
            prompt_tokens=news.prompt_tokens,
            written_tokens=news.written_tokens,
            passes=news.passes,
        )
        try:
            with self.open_session.reading() as session:
                desk = wording.current(session, self.desk)
            found = weighed(asked, news, desk, asked.mail.body)
        except UnusableOutput as problem:
            return replace(said, problem=f"The draft cannot be used: {problem}")
        return replace(
            said,
            confidence=found.confidence,
            needs_human=found.needs_human,
            reasons=found.reasons,
            details=dict(found.draft.details),
        )
