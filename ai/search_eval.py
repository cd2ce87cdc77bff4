"""How well documents are found: recall@5 and nDCG@10 of BM25 alone, sentence vectors alone, and both fused.

    python -m ai.search_eval --docs DIR --queries FILE

DIR holds documents (md, txt, html, pdf, docx, csv; also JSONL with `id`, `title`, `text`); the id of a file is its name
without the ending. FILE is JSONL: `{"id", "query", "relevant": [doc ids]}`; a query without relevant documents asks for
nothing to be found, and counts only in the last line. The very code that serves the desk finds them, in a database of its own.
"""

import argparse
import json
import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import product
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import select

from ai.indexing import index_next
from ai.language import heard
from ai.library import AT_MOST, Found, Least, Library, fitting
from ai.model.embedder import PACKAGE, Embedder
from ai.model.ranker import Ranker
from ai.pages import READERS, UnreadablePage, read_file
from db.desk import load_desk
from db.migrate import migrate
from db.models import Page
from db.session import OpenSession, open_database

DEPTH = 10
ANYTHING = Least(0, 0, 0, 0)
MISLED = (0.05, 0.1, 0.15, 0.2, 0.25)  # shares of queries without an answer that may get a passage
TRIED = [  # thresholds, by words and by meaning, alone and together
    Least(*one)
    for one in product((5, 6, 7, 8, 9, 10, 12), (0.45, 0.51, 0.57, 0.6, 0.63, 0.66), (2.5, 3.8, 5.5, 8), (0.31, 0.4, 0.46, 0.49, 0.52, 0.55))
]  # fmt: skip


class InProcess:
    """The embedder in this process."""

    def __init__(self) -> None:
        self.embedder = Embedder()

    def embed(self, texts: Sequence[str]) -> tuple[str, NDArray[np.float32]]:
        vectors = self.embedder.embed(texts)
        return f"{PACKAGE}:{vectors.shape[-1]}", vectors


ORDERS: dict[str, Callable[[int, Found], float]] = {
    "bm25": lambda place, one: one.by_words and 1 / one.by_words,
    "embeddings": lambda place, one: one.by_meaning and 1 / one.by_meaning,
    "fusion": lambda place, one: one.score,
    "re-ranked": lambda place, one: 1 / (1 + place),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("--docs", type=Path, required=True)
    parser.add_argument("--queries", type=Path, required=True)
    parser.add_argument("--ranker", default="", help="a cross-encoder to order what was found, by hub id or folder")
    parser.add_argument("--choose", action="store_true", help="say which thresholds would answer most of these queries")
    parser.add_argument("--report", type=Path, help="write the figures as JSON, too")
    args = parser.parse_args()

    with TemporaryDirectory() as folder:
        open_session = open_database(f"sqlite:///{Path(folder) / 'search.db'}")
        migrate(open_session)
        count = take_in(open_session, args.docs)
        library = Library(open_session, InProcess(), Ranker(args.ranker) if args.ranker else None)
        while index_next(open_session, load_desk("tennis"), library.embedder):
            pass
        queries, languages = read_queries(args.queries), languages_of(open_session)
        found = judged(library, queries, languages)
        chosen = best_thresholds(library, queries, languages) if args.choose else []
    print(f"{count} documents, {found['queries']} queries with and {found['without']} without an answer")
    print(f"{'':24}{'recall@5':>10}{'nDCG@10':>10}")
    for name in [name for name in ORDERS if name in found]:
        print(f"{name:24}{found[name]['recall@5']:>10.3f}{found[name]['ndcg@10']:>10.3f}")
    print(
        f"Of the queries with an answer {found['answered']:.1%} get a passage, of those without {found['misled']:.1%}."
    )
    for misled, answered, least in chosen:
        print(f"Where {misled:.0%} of those without may get one, {answered:.1%} with an answer get theirs by {least}.")
    if args.report:
        args.report.parent.mkdir(parents=True, exist_ok=True)
        args.report.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")


def take_in(open_session: OpenSession, folder: Path) -> int:
    """Each document becomes a page with its id as name. Raise SystemExit where there is none."""
    documents: dict[str, tuple[str, str]] = {}
    for path in sorted(folder.rglob("*")):
        if path.suffix == ".jsonl":
            for line in path.read_text("utf-8").split("\n"):
                if line.strip():
                    row = json.loads(line)
                    documents[str(row.get("id", row.get("_id")))] = (str(row.get("title", "")), str(row["text"]))
        elif path.suffix.lower() in READERS:
            try:
                documents[path.stem] = read_file(path.name, path.read_bytes())
            except UnreadablePage as problem:
                print(f"{path}: {problem}")
    if not documents:
        raise SystemExit(f"{folder} holds no document that can be read ({', '.join(READERS)}, .jsonl).")
    with open_session() as session:
        for name, (title, text) in documents.items():
            language = name.rpartition(".")[2] if "." in name and len(name.rpartition(".")[2]) == 2 else ""
            session.add(Page(name=name[:120], title=title, text=text, language=language, version=1))
    return len(documents)


def read_queries(path: Path) -> list[dict[str, Any]]:
    """Raise SystemExit with the line that cannot be used."""
    rows = []
    for number, line in enumerate(path.read_text("utf-8").split("\n"), 1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
            rows.append({"query": str(row["query"]), "relevant": [str(one) for one in row["relevant"]]})
        except (ValueError, KeyError, TypeError) as error:
            raise SystemExit(
                f"{path}, line {number}: {{'id', 'query', 'relevant': [ids]}} is expected ({error!r})."
            ) from error
    return rows


def languages_of(open_session: OpenSession) -> set[str]:
    """Of documents that are named NAME.LANG."""
    with open_session.reading() as session:
        return {str(one) for one in session.scalars(select(Page.language).distinct())} - {""}


def spoken(query: str, languages: set[str]) -> str:
    """The language of a query among those of the documents, as serving tells it; "" where they have none."""
    code = heard(query, load_desk("tennis")).code if languages else ""
    return code if code in languages else ""


def judged(library: Library, queries: Sequence[dict[str, Any]], languages: set[str]) -> dict[str, Any]:
    """`answered`: share of queries with an answer that get a passage of a relevant document; `misled`: of those without that get any."""
    sums = {name: [0.0, 0.0] for name in ORDERS if name != "re-ranked" or library.ranker is not None}
    asked = [one for one in queries if one["relevant"]]
    others = [one for one in queries if not one["relevant"]]
    answered = 0
    for one in asked:
        language = spoken(one["query"], languages)
        found = library.find(one["query"], language=language, most=10_000, all_ranks=True)
        names = page_names(library, found)
        relevant = {stem_of(name) for name in one["relevant"]}
        for name in sums:
            worth = [ORDERS[name](place, each) for place, each in enumerate(found)]
            ranked = [found[i] for i in sorted(range(len(found)), key=lambda i: -worth[i]) if worth[i]]
            documents = list(dict.fromkeys(names[each.passage.page_id] for each in ranked))[:DEPTH]
            sums[name][0] += len(relevant & set(documents[:5])) / len(relevant)
            sums[name][1] += ndcg(documents, relevant)
        served = library.find(one["query"], language=language)
        answered += any(names.get(each.passage.page_id) in relevant for each in served)
    misled = sum(bool(library.find(one["query"], language=spoken(one["query"], languages))) for one in others)
    every = max(1, len(asked))
    return {
        **{name: {"recall@5": recall / every, "ndcg@10": gain / every} for name, (recall, gain) in sums.items()},
        "queries": len(asked),
        "without": len(others),
        "answered": answered / every,
        "misled": misled / max(1, len(others)),
    }


def best_thresholds(
    library: Library, queries: Sequence[dict[str, Any]], languages: set[str]
) -> list[tuple[float, float, Least]]:
    """For each share of misled queries the most that are answered, and the thresholds that do it, the same for every passage."""
    tried = []
    for one in queries:
        found = library.find(one["query"], language=spoken(one["query"], languages), most=AT_MOST, all_ranks=True)
        near = fitting([replace(each, least=ANYTHING) for each in found])
        names = page_names(library, near)
        relevant = {stem_of(name) for name in one["relevant"]}
        tried.append((bool(relevant), [(each, names[each.passage.page_id] in relevant) for each in near]))
    with_answer = max(1, sum(has for has, _ in tried))
    rates = []
    for least in TRIED:
        served = [(has, [right for each, right in near if replace(each, least=least).fits]) for has, near in tried]
        answered = sum(any(rights) for has, rights in served if has) / with_answer
        misled = sum(bool(rights) for has, rights in served if not has) / max(1, len(tried) - with_answer)
        rates.append((misled, answered, least))
    best = [max((rate for rate in rates if rate[0] <= most), key=lambda rate: rate[1], default=None) for most in MISLED]
    return [(most, rate[1], rate[2]) for most, rate in zip(MISLED, best, strict=True) if rate]


def page_names(library: Library, found: Sequence[Found]) -> dict[int, str]:
    with library.open_session.reading() as session:
        return {one.passage.page_id: session.get_one(Page, one.passage.page_id).name for one in found}


def stem_of(name: str) -> str:
    """An id may be stated with the ending of its file."""
    ending = Path(name).suffix.lower()
    return name[: -len(ending)] if ending in READERS else name


def ndcg(ranked: Sequence[str], relevant: set[str]) -> float:
    """Normalised discounted cumulative gain of the first ten, each relevant document worth the same."""
    gain = sum(1 / math.log2(place + 1) for place, name in enumerate(ranked[:DEPTH], 1) if name in relevant)
    best = sum(1 / math.log2(place + 1) for place in range(1, min(DEPTH, len(relevant)) + 1))
    return gain / best


if __name__ == "__main__":
    main()
