"""How well documents are found: figures that can be counted by hand, on documents and queries out of files."""

import json
import math
import sys
from pathlib import Path

import pytest

from ai import search_eval
from ai.search_eval import ndcg, read_queries, stem_of

DOCS = {
    "parking.en.md": "# Parking\n\nLeave your car behind the hall.\n? somewhere for the automobile\n",
    "guests.en.md": "# Guests\n\nTwelve euros a guest, to be paid at the desk.\n? what does my friend pay\n",
    "courts.en.md": "# Courts\n\nFour courts of clay, two of carpet in the hall.\n? which surface do you have\n",
}
QUERIES = [
    {"id": "1", "query": "where may I leave my car", "relevant": ["parking.en.md"]},
    {"id": "2", "query": "what does a friend of mine pay", "relevant": ["guests.en"]},
    {"id": "3", "query": "quantum chromodynamics of gluons", "relevant": []},
]


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, Path]:
    docs = tmp_path / "docs"
    docs.mkdir()
    for name, text in DOCS.items():
        (docs / name).write_text(text)
    queries = tmp_path / "queries.jsonl"
    queries.write_text("".join(json.dumps(one) + "\n" for one in QUERIES))
    return docs, queries


def evaluated(monkeypatch: pytest.MonkeyPatch, files: tuple[Path, Path], *more: str) -> None:
    docs, queries = files
    monkeypatch.setattr(sys, "argv", ["search_eval", "--docs", str(docs), "--queries", str(queries), *more])
    search_eval.main()


@pytest.mark.model
def test_documents_are_found_by_words_by_meaning_and_by_both(
    monkeypatch: pytest.MonkeyPatch, files: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    evaluated(monkeypatch, files, "--choose", "--report", str(tmp_path / "found" / "report.json"))

    found = json.loads((tmp_path / "found" / "report.json").read_text())
    assert (found["queries"], found["without"], found["misled"]) == (2, 1, 0.0)
    assert {name: found[name]["recall@5"] for name in ("bm25", "embeddings", "fusion")} == dict.fromkeys(
        ("bm25", "embeddings", "fusion"), 1.0
    )
    said = capsys.readouterr().out
    assert "3 documents, 2 queries with and 1 without an answer" in said
    assert "100.0% with an answer get theirs by Least(" in said


def test_gain_is_less_for_later_places() -> None:
    assert ndcg(["a", "b", "c"], {"a"}) == 1.0
    assert ndcg(["a", "b", "c"], {"b"}) == pytest.approx(1 / math.log2(3))
    assert ndcg(["a", "b", "c"], {"a", "c"}) == pytest.approx((1 + 1 / 2) / (1 + 1 / math.log2(3)))
    assert ndcg(["a"], {"x"}) == 0.0


def test_an_id_may_be_stated_with_the_ending_of_its_file() -> None:
    assert [stem_of(one) for one in ("parking.en.md", "parking.en", "a.pdf")] == ["parking.en", "parking.en", "a"]


@pytest.mark.parametrize("line", ["{", '{"id": "1", "query": "x"}', '{"query": "x", "relevant": 3}'])
def test_a_query_that_cannot_be_used_is_named_by_its_line(tmp_path: Path, line: str) -> None:
    queries = tmp_path / "queries.jsonl"
    queries.write_text(f"{json.dumps(QUERIES[0])}\n\n{line}\n")
    with pytest.raises(SystemExit, match=r"queries\.jsonl, line 3: "):
        read_queries(queries)


def test_a_folder_without_documents_is_refused(
    monkeypatch: pytest.MonkeyPatch, files: tuple[Path, Path], tmp_path: Path
) -> None:
    (tmp_path / "none").mkdir()
    with pytest.raises(SystemExit, match="holds no document that can be read"):
        evaluated(monkeypatch, (tmp_path / "none", files[1]))
