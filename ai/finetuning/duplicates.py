"""Rows that say the same: found before training, because a mail that stands on both sides of a split proves nothing."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from sklearn.feature_extraction.text import TfidfVectorizer

from ai.finetuning.examples import Row

ALIKE = 0.9  # cosine of TF-IDF over runs of five characters
AT_ONCE = 512


@dataclass(frozen=True)
class Repetition:
    """What a set of rows repeats: `answers` distinct replies among `rows`, the commonest `commonest` times."""

    rows: int
    mails: int
    answers: int
    commonest: int

    def __str__(self) -> str:
        said = f"{self.rows} rows with {self.mails} distinct mails and {self.answers} distinct answers"
        if self.rows >= 50 and self.answers <= self.rows / 50:
            said += (
                f". A model will learn these {self.answers} answers by heart, and nothing else: it needs real variety"
            )
        return said


def repetition(rows: Sequence[Row]) -> Repetition:
    answers: dict[str, int] = {}
    for row in rows:
        said = squeezed(row.answer.reply) if row.answer else ""
        answers[said] = answers.get(said, 0) + 1
    return Repetition(len(rows), len({text_of(row) for row in rows}), len(answers), max(answers.values(), default=0))


def without_copies(rows: Sequence[Row]) -> list[Row]:
    """The first of each mail that comes more than once with the same answer."""
    seen: dict[tuple[str, str], Row] = {}
    for row in rows:
        answer = "" if row.answer is None else repr(row.answer.as_json())
        seen.setdefault((text_of(row), answer), row)
    return list(seen.values())


def like_any(rows: Sequence[Row], others: Sequence[Row], alike: float = ALIKE) -> set[int]:
    """Places in `rows` whose mail nearly equals one of `others`."""
    if not rows or not others:
        return set()
    return {i for i, _ in pairs([text_of(row) for row in rows], [text_of(row) for row in others], alike)}


def pairs(texts: Sequence[str], others: Sequence[str], alike: float) -> Iterator[tuple[int, int]]:
    """Places in both lists, (i, j), whose texts have at least that cosine."""
    try:
        reader = TfidfVectorizer(analyzer="char_wb", ngram_range=(5, 5), sublinear_tf=True).fit([*texts, *others])
    except ValueError:  # nothing but empty texts
        return
    theirs = reader.transform(others).T.tocsc()
    ours = reader.transform(texts)
    for start in range(0, len(texts), AT_ONCE):
        near = (ours[start : start + AT_ONCE] @ theirs).tocoo()
        for i, j in zip(near.row[near.data >= alike], near.col[near.data >= alike], strict=True):
            yield start + int(i), int(j)


def text_of(row: Row) -> str:
    return squeezed(f"{row.mail.subject} {row.mail.body}")


def squeezed(text: str) -> str:
    return " ".join(text.casefold().split())
