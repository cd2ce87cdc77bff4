"""Rows are drafted as on the desk: several at a time, with the desk's patterns to guess by."""

from collections.abc import Sequence

from tqdm import tqdm

from ai.finetuning.examples import Row
from ai.knowledge import Passage
from ai.model.decoding import Decoder
from ai.written import Question, Underway, Undrafted, Written


def drafted(rows: Sequence[Row], decoder: Decoder) -> list[Written | Undrafted]:
    """What became of each row's mail, in the order of the rows, with a bar to watch."""
    found: dict[int, Written | Undrafted] = {}
    with tqdm(total=len(rows), desc="drafts", unit="mail") as bar:
        for place, news in decoder.draft_many([question_of(row) for row in rows]):
            if not isinstance(news, Underway):
                found[place] = news
                bar.update()
    return [found[place] for place in range(len(rows))]


def question_of(row: Row) -> Question:
    """With the passages that the row brings; where it brings none, the model looks into the desk's folder."""
    brought = None if row.passages is None else tuple(Passage("", "", text) for text in row.passages)
    return Question(row.mail, passages=brought)
