"""Rows are drafted as on the desk: several at a time, with the desk's patterns to guess by."""

from collections.abc import Sequence

from tqdm import tqdm

from ai.finetuning.examples import Row
from ai.model.decoding import Decoder
from ai.written import Question, Underway, Undrafted, Written


def drafted(rows: Sequence[Row], decoder: Decoder) -> list[Written | Undrafted]:
    """What became of each row's mail, in the order of the rows, with a bar to watch."""
    found: dict[int, Written | Undrafted] = {}
    with tqdm(total=len(rows), desc="drafts", unit="mail") as bar:
        for place, news in decoder.draft_many([Question(row.mail) for row in rows]):
            if not isinstance(news, Underway):
                found[place] = news
                bar.update()
    return [found[place] for place in range(len(rows))]
