"""What the category is worth without a language model: cheap readers, taught on the same rows, judged on the same mails."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import FeatureUnion, make_pipeline

from ai.finetuning.metrics import label_figures
from ai.model.embedder import Embedder
from ai.model.loading import NoModel


def baselines(
    texts: Sequence[str], labels: Sequence[str], judged: Sequence[str], gold: Sequence[str]
) -> dict[str, dict[str, Any]]:
    """Figures of each baseline, by name. One that lacks its package says so under `problem`."""
    found: dict[str, dict[str, Any]] = {
        "majority": label_figures(gold, [Counter(labels).most_common(1)[0][0]] * len(judged)),
        "tfidf_logistic_regression": label_figures(gold, tfidf(texts, labels).predict(judged).tolist()),
    }
    try:
        embedder = Embedder()
    except NoModel as missing:
        found["embedding_logistic_regression"] = {"problem": str(missing)}
        return found
    head = linear_head().fit(embedder.embed(texts), labels)
    got = head.predict(embedder.embed(judged)).tolist()
    found["embedding_logistic_regression"] = label_figures(gold, got)
    return found


def tfidf(texts: Sequence[str], labels: Sequence[str]) -> Any:
    """Words and pairs of words, and runs of characters for slips of the finger."""
    words = TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True, min_df=2)
    letters = TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 5), sublinear_tf=True, min_df=2)
    return make_pipeline(FeatureUnion([("words", words), ("letters", letters)]), linear_head()).fit(texts, labels)


def linear_head() -> LogisticRegression:
    return LogisticRegression(C=20.0, max_iter=2000)
