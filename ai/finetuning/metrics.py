"""Figures of a judgement: rows beside what a model made of them. Pure."""

import warnings
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import sacrebleu
from numpy.typing import NDArray
from rouge_score.rouge_scorer import RougeScorer
from sklearn.metrics import f1_score, roc_auc_score

from ai.finetuning.examples import Row
from db.drafts import Draft, asks_for_user_name, parted

BINS = 15
RESAMPLES = 1000
ALIKE = 0.6  # ROUGE-L from which on two replies say the same
PRECISION_WANTED = 0.7  # at which the recall of "needs a human" is read


@dataclass(frozen=True)
class Answered:
    """One row beside what the model made of it; `got` is None where its output was not a draft.

    `confidence`: that category and user name are right. `human_score`: how strongly it asks for a person, 0 to 1.
    """

    row: Row
    got: Draft | None
    confidence: float
    needs_human: bool
    human_score: float
    seconds: float

    @property
    def gold(self) -> Draft:
        assert self.row.answer is not None, "only rows with an answer are judged"
        return self.row.answer

    @property
    def category_right(self) -> bool:
        return self.got is not None and self.got.category == self.gold.category

    @property
    def username_right(self) -> bool:
        return self.got is not None and self.got.username == self.gold.username

    @property
    def outcome_right(self) -> bool:
        """Whether the reply waits for what the right one waits for: it asks where that asks, and else reports the same."""
        return self.got is not None and self.got.placeholders == self.gold.placeholders

    @property
    def exact(self) -> bool:
        fine = self.category_right and self.username_right
        return fine and self.got is not None and pairs_of(self.got) == pairs_of(self.gold)


def judge(answered: Sequence[Answered], model: str, wall: float) -> dict[str, Any]:
    """All figures of the contract that can be read off drafts, which took `wall` seconds together.

    Perplexity and baselines are added by eval.py.
    """
    right = np.array([one.category_right and one.username_right for one in answered])
    seconds = np.array([one.seconds for one in answered])
    return {
        "n": len(answered),
        "model": model,
        "json_valid": rate([one.got is not None for one in answered]),
        "username_in_mail": rate([one.got is None or one.got.username in one.row.mail.words for one in answered]),
        "category_accuracy": rate([one.category_right for one in answered]),
        "macro_f1": macro_f1(answered),
        "username_exact": rate([one.username_right for one in answered]),
        "details_f1": details_f1(answered),
        "all_fields_exact": rate([one.exact for one in answered]),
        "needs_human": needs_human(answered),
        "confidence": confidence_figures(np.array([one.confidence for one in answered]), right),
        "reply": reply_figures(answered),
        "latency_ms": {
            "p50": round(float(np.median(seconds)) * 1000),
            "p95": round(float(np.quantile(seconds, 0.95)) * 1000),
        },
        "tickets_per_minute": round(60 * len(answered) / wall, 1),
        "intervals": {
            "category_accuracy": interval([one.category_right for one in answered]),
            "username_exact": interval([one.username_right for one in answered]),
            "all_fields_exact": interval([one.exact for one in answered]),
        },
        "per_category": grouped(answered, lambda one: [one.gold.category]),
        "per_language": grouped(answered, lambda one: [one.row.lang or "unknown"]),
        "per_tag": grouped(answered, lambda one: list(one.row.tags)),
        "confusion": confusion(answered),
        "errors": [wrong(one) for one in answered if not one.exact],
    }


def rate(hits: Sequence[bool]) -> float:
    return round(float(np.mean(hits)), 4) if len(hits) else 0.0


def interval(hits: Sequence[bool]) -> list[float]:
    """95 % bootstrap interval of a rate (Efron 1979), over rows, with a fixed seed."""
    values = np.asarray(hits, dtype=float)
    draws = np.random.default_rng(0).integers(0, len(values), (RESAMPLES, len(values)))
    low, high = np.quantile(values[draws].mean(axis=1), [0.025, 0.975])
    return [round(float(low), 4), round(float(high), 4)]


def macro_f1(answered: Sequence[Answered]) -> float:
    """Mean F1 of the categories that the rows have; a missing draft counts as a category of its own."""
    gold = [one.gold.category for one in answered]
    got = [one.got.category if one.got else "unusable" for one in answered]
    return round(float(f1_score(gold, got, labels=sorted(set(gold)), average="macro", zero_division=0)), 4)


def pairs_of(draft: Draft) -> set[tuple[str, str]]:
    """Keys and values, case and spaces aside."""
    return {(key, " ".join(value.casefold().split())) for key, value in draft.details.items()}


def details_f1(answered: Sequence[Answered]) -> float:
    """Micro F1 over pairs of key and value."""
    gold = [pairs_of(one.gold) for one in answered]
    got = [pairs_of(one.got) if one.got else set() for one in answered]
    hits = sum(len(a & b) for a, b in zip(gold, got, strict=True))
    total = sum(map(len, gold)) + sum(map(len, got))
    return round(2 * hits / total, 4) if total else 1.0


def needs_human(answered: Sequence[Answered]) -> dict[str, float | None]:
    """At the shipped threshold, and the best recall among thresholds of the score that are precise enough."""
    known = [one for one in answered if one.row.needs_human is not None]
    gold = np.array([bool(one.row.needs_human) for one in known])
    said = np.array([one.needs_human for one in known])
    hits = int((gold & said).sum()) if known else 0
    recall_wanted = None
    if known and gold.any():
        scores = np.array([one.human_score for one in known])
        reached = [
            float((chosen & gold).sum() / gold.sum())
            for chosen in (scores >= threshold for threshold in np.unique(scores))
            if (chosen & gold).sum() / chosen.sum() >= PRECISION_WANTED
        ]
        recall_wanted = round(max(reached, default=0.0), 4)
    return {
        "precision": round(hits / int(said.sum()), 4) if known and said.any() else 0.0,
        "recall": round(hits / int(gold.sum()), 4) if known and gold.any() else 0.0,
        "recall_at_precision_0.7": recall_wanted,
    }


def confidence_figures(sure: NDArray[Any], right: NDArray[Any]) -> dict[str, float | None]:
    """Calibration and selection.

    ece: expected calibration error over 15 bins of equal mass (Nixon et al. 2019, arXiv:1904.01685). aurc: area under
    the risk-coverage curve, and coverage: the largest share of mails, surest first, whose error stays below the risk
    (Geifman and El-Yaniv 2017, arXiv:1705.08500).
    """
    risks = risk_curve(sure, right)
    ece = sum(len(b) / len(sure) * abs(sure[b].mean() - right[b].mean()) for b in bins_of(sure))
    return {
        "ece": round(float(ece), 4),
        "auroc": round(float(roc_auc_score(right, sure)), 4) if 0 < right.sum() < len(right) else None,
        "aurc": round(float(risks.mean()), 4),
        **{f"coverage_at_{int(risk * 100)}pct_risk": coverage(risks, risk) for risk in (0.01, 0.05)},
    }


def bins_of(sure: NDArray[Any]) -> list[NDArray[np.intp]]:
    """Places of the mails in bins of equal mass, from unsure to sure."""
    return [b for b in np.array_split(np.argsort(sure, kind="stable"), min(BINS, len(sure))) if len(b)]


def risk_curve(sure: NDArray[Any], right: NDArray[Any]) -> NDArray[np.float64]:
    """Share of errors among the k surest mails, for every k; [N]."""
    order = np.argsort(-sure, kind="stable")
    return np.asarray(np.cumsum(~right[order]) / np.arange(1, len(order) + 1), dtype=np.float64)


def coverage(risks: NDArray[np.float64], most: float) -> float:
    fine = np.flatnonzero(risks <= most)
    return round(float((fine[-1] + 1) / len(risks)), 4) if len(fine) else 0.0


def reply_figures(answered: Sequence[Answered]) -> dict[str, float | None]:
    """Against the right reply: ROUGE-L (Lin 2004), F of the longest common subsequence; BLEU of the corpus by
    sacrebleu (Post 2018, arXiv:1804.08771), 0 to 100.
    """
    known = [(one.gold.reply, one.got.reply if one.got else "") for one in answered if one.gold.reply]
    if not known:
        return {"rouge_l": None, "bleu": None, "outcome_right": None}
    scorer = RougeScorer(["rougeL"])
    rouge = np.mean([scorer.score(gold, got)["rougeL"].fmeasure for gold, got in known])
    bleu = sacrebleu.corpus_bleu([got for _, got in known], [[gold for gold, _ in known]])
    return {
        "rouge_l": round(float(rouge), 4),
        "bleu": round(float(bleu.score), 2),
        "outcome_right": rate([one.outcome_right for one in answered if one.gold.reply]),
    }


def says_the_same(reply: str, other: str) -> bool:
    """By ROUGE-L without their greetings; who asks for a user name says something else than who does not."""
    if asks_for_user_name(reply) != asks_for_user_name(other):
        return False
    found = RougeScorer(["rougeL"]).score(parted(other)[1], parted(reply)[1])
    return bool(found["rougeL"].fmeasure >= ALIKE)


def grouped(answered: Sequence[Answered], keys_of: Callable[[Answered], list[str]]) -> dict[str, Any]:
    groups: dict[str, list[Answered]] = defaultdict(list)
    for one in answered:
        for key in keys_of(one):
            groups[key].append(one)
    return {
        key: {
            "n": len(group),
            "category_accuracy": rate([one.category_right for one in group]),
            "username_exact": rate([one.username_right for one in group]),
            "details_f1": details_f1(group),
        }
        for key, group in sorted(groups.items())
    }


def confusion(answered: Sequence[Answered]) -> dict[str, dict[str, int]]:
    """How often each right category (outer) was read as which (inner)."""
    table: dict[str, Counter[str]] = defaultdict(Counter)
    for one in answered:
        table[one.gold.category][one.got.category if one.got else "unusable"] += 1
    return {gold: dict(row) for gold, row in sorted(table.items())}


def wrong(one: Answered) -> dict[str, Any]:
    return {"id": one.row.id, "gold": one.gold.as_json(), "got": one.got.as_json() if one.got else None}


def label_figures(gold: Sequence[str], got: Sequence[str]) -> dict[str, float]:
    """Accuracy and macro F1 of plain labels, for baselines."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a label that is never predicted is no news
        f1 = f1_score(gold, got, labels=sorted(set(gold)), average="macro", zero_division=0)
    return {
        "category_accuracy": rate([a == b for a, b in zip(gold, got, strict=True)]),
        "macro_f1": round(float(f1), 4),
    }
