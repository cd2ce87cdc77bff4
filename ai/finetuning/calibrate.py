"""Make an adapter's confidence keep its word.

    python ai/finetuning/calibrate.py --desk tennis

Teaches the second reader on the desk's training rows, then drafts the mails of `desks/<desk>/training/calibration*.jsonl`
(or those of --data), whose families were not taught, and fits on them how the two readers weigh together and what turns
their score into a probability. Writes `calibration.json` and `readers.safetensors` beside the adapter. Run it after
every training; a calibration belongs to one version of a model.
"""

import argparse
import math
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.special import expit
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GroupKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from tqdm import tqdm

from ai.confidence import FEATURES, Calibration, Evidence, Logistic, features_of, write_calibration
from ai.finetuning.drafts import drafted
from ai.finetuning.examples import Report, Row, family_of, read_rows
from ai.finetuning.metrics import confidence_figures, rate
from ai.finetuning.second_reader import taught_names, taught_reader
from ai.knowledge import load_knowledge
from ai.model.decoding import Decoder
from ai.model.loading import NoModel, best_dtype, load
from ai.model.patterns import remember_patterns
from ai.model.readers import SecondReader, together, write_second_reader
from ai.model.user_names import NameReader
from ai.parsing import UnusableOutput, parse_draft
from ai.teaching import own_calibration, own_data
from ai.written import Question, Undrafted, Written
from db.desk import Desk, UnusableDesk, load_desk

PRECISION = 0.7  # of "a person must decide", at which as many as possible are to be found
FOLDS = 8
LEAST_ROWS = 60
TEMPERATURES = (0.8, 1.0, 1.3, 1.7, 2.0, 2.5, 3.0)
SHARES = (0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.7, 1.0)
AS_IT_IS = "as it is"
HUMAN = [FEATURES.index("human")]
USED = {"score": [0], "all": [i for i in range(len(FEATURES)) if i not in HUMAN]}  # what "right" may be fitted on


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add = parser.add_argument
    add("--desk", default="tennis", help="folder under desks/ (default: tennis)")
    add(
        "--data", nargs="*", default=[], help="files of judged mails to fit on (default: the desk's calibration*.jsonl)"
    )
    add("--taught", nargs="*", default=[], help="rows to teach the second reader on (default: the desk's own)")
    add("--base", default="", help="hub id or folder (default: the bundled model)")
    add("--adapter", default="", help="folder of the adapter (default: the desk's own)")
    add("--threads", type=int, default=0, help="CPU threads (default: as many as torch likes)")
    args = parser.parse_args()
    if args.threads:
        torch.set_num_threads(args.threads)

    # Data: rows to fit on, and taught rows for the second reader.
    desk = load_desk(args.desk)
    folder = Path(args.adapter or desk.folder / "adapter")
    paths = [Path(path) for path in args.data] or own_calibration(desk)
    rows = [row for path in paths for row in known_rows(path)]
    if len(rows) < LEAST_ROWS:
        raise SystemExit(f"{len(rows)} rows are too few to calibrate on; at least {LEAST_ROWS} are needed.")
    own = [Path(path) for path in args.taught] or own_data(desk)
    taught = [row for path in own for row in read_rows(path, Report()) if row.answer]

    # How the model reads the mails, and user names under the right category. A second reader with no share leaves it alone.
    second = replace(taught_reader(taught), names=taught_names(taught))
    loaded = load(args.base, str(folder), dtype=best_dtype())
    decoder = Decoder(loaded, desk, load_knowledge(desk.folder / "knowledge"), second=second)
    remember_patterns(decoder)
    answers = [row.answer for row in rows if row.answer]
    read = [
        decoder.open(0, Question(row.mail, answer.category), None)[0]
        for row, answer in tqdm(list(zip(rows, answers, strict=True)), desc="readings", unit="mail")
    ]

    # How much the second reader may say beside it, of categories and of user names.
    gold, alone = [answer.category for answer in answers], [one.categories for one in read]
    others = [second.read(row.mail.words)[0] for row in rows]
    assert second.names is not None
    of_names = [answer.username for answer in answers]
    names = weighed(second.names, [one.names[0] for one in read], [one.names[1] for one in read], of_names)
    second = replace(weighed(second, alone, others, gold), names=names)
    decoder.second = second

    # Drafts by both, and what became of them.
    drafts = drafted(rows, decoder)
    found = [(row, *known) for row, draft in zip(rows, drafts, strict=True) if (known := evidence_of(row, draft, desk))]
    right = np.array([is_right for _, _, is_right in found])
    human = np.array([bool(row.needs_human) for row, _, _ in found])
    families = [family_of(row) for row, _, _ in found]
    print(f"{len(found)} drafts, {right.mean():.1%} right, {human.mean():.1%} for a person")

    # Fits, judged crosswise by family, so that the figures are about ways of writing that a fit has not seen.
    features = np.array([features_of(evidence, desk) for _, evidence, _ in found])
    ways = {AS_IT_IS: expit(features[:, 0])}
    ways |= {name: across(features[:, used], right, families) for name, used in USED.items()}
    best = simplest(ways, right, families)
    of_person, person, threshold = fitted_for_people(features, human, families)
    figures = {
        "rows": [path.name for path in paths],
        "category_alone": rate([max(one, key=lambda n: one[n]) == name for one, name in zip(alone, gold, strict=True)]),
        "category_together": rate(
            [evidence.category == row.answer.category for row, evidence, _ in found if row.answer]
        ),
        "features": best,
        "confidence": confidence_figures(ways[best], right),
        "uncalibrated": confidence_figures(ways[AS_IT_IS], right),
        "needs_human": figures_at(of_person, human, threshold),
    }
    fitted = as_read("score") if best == AS_IT_IS else logistic(features, right, USED[best])
    calibration = Calibration(fitted, person, threshold, len(found))
    write_calibration(folder, calibration, figures=figures)
    write_second_reader(folder, second)
    assert second.names is not None
    print(f"of user names: temperature {second.names.temperature}, share {second.names.share}")
    print(f"temperature {second.temperature}, share of the second reader {second.share}, a person from {threshold} on")
    for name, stated in figures.items():
        print(f"{name:18} {stated}")


def known_rows(path: Path) -> list[Row]:
    if not path.is_file():
        raise SystemExit(f"{path} is missing: make it with generate.py, or name a file of judged mails with --data.")
    return [row for row in read_rows(path, Report()) if row.answer and row.needs_human is not None]


Reader = TypeVar("Reader", SecondReader, NameReader)


def weighed(second: Reader, alone: Sequence[Any], others: Sequence[Any], gold: Sequence[str]) -> Reader:
    """Temperature and share under which the right answers are likeliest, by a search over a small grid."""

    def surprise(made: Reader) -> float:
        chances = (together(a, b, made).get(name, 0.0) for a, b, name in zip(alone, others, gold, strict=True))
        return -sum(math.log(max(chance, 1e-9)) for chance in chances)

    tried = [replace(second, temperature=t, share=s) for t in TEMPERATURES for s in SHARES]
    return min(tried, key=surprise)


def evidence_of(row: Row, news: Written | Undrafted, desk: Desk) -> tuple[Evidence, bool] | None:
    """The evidence of a draft, and whether category and user name are right; None where there is no draft."""
    assert row.answer is not None
    if isinstance(news, Undrafted):
        return None
    try:
        draft = parse_draft(news.text, desk, row.mail)
    except UnusableOutput:
        return None
    is_right = (draft.category, draft.username) == (row.answer.category, row.answer.username)
    return Evidence.of(news, draft, row.mail.words), is_right


def regression() -> Any:
    return make_pipeline(StandardScaler(), LogisticRegression(C=0.3, max_iter=3000))


def across(features: NDArray[Any], target: NDArray[Any], families: Sequence[str]) -> NDArray[Any]:
    """Probability for each row by a regression that saw none of its family; the others' share where they are all alike."""
    found = np.zeros(len(target))
    folds = GroupKFold(min(FOLDS, len(set(families))))
    for others, those in folds.split(features, target, families):
        known = target[others]
        alike = known.all() or not known.any()
        found[those] = (
            known.mean() if alike else regression().fit(features[others], known).predict_proba(features[those])[:, 1]
        )
    return found


def simplest(ways: dict[str, NDArray[Any]], target: NDArray[Any], families: Sequence[str]) -> str:
    """The first of `ways`, which stand from plain to rich, whose log loss is within a standard error of the best one's.

    The error is that of the difference, over families: rows of one are no independent witnesses. Breiman et al. 1984, the
    rule of one standard error.
    """
    losses = {name: -np.log(np.clip(np.where(target, chance, 1 - chance), 1e-9, 1)) for name, chance in ways.items()}
    best = min(losses, key=lambda name: losses[name].mean())
    for name, loss in losses.items():
        lead = loss - losses[best]
        of_family = [lead[[one == family for one in families]].mean() for family in sorted(set(families))]
        if lead.mean() <= np.std(of_family) / math.sqrt(len(of_family)):
            return name
    return best


def logistic(features: NDArray[Any], target: NDArray[Any], used: Sequence[int]) -> Logistic:
    """Fitted on the features `used`; the others weigh nothing."""
    fitted = regression().fit(features[:, used], target)
    scale, head = fitted.steps[0][1], fitted.steps[1][1]
    means, scales, weights = [0.0] * len(FEATURES), [1.0] * len(FEATURES), [0.0] * len(FEATURES)
    for place, mean, size, weight in zip(used, scale.mean_, scale.scale_, head.coef_[0], strict=True):
        means[place], scales[place], weights[place] = (round(float(x), 5) for x in (mean, size, weight))
    return Logistic(means, scales, weights, round(float(head.intercept_[0]), 5))


def fitted_for_people(
    features: NDArray[Any], human: NDArray[Any], families: Sequence[str]
) -> tuple[NDArray[Any], Logistic, float]:
    """Scores judged crosswise, the regression and its threshold for "a person must decide".

    Where fewer than two families hold such mail, or other mail, there is nothing to fit: the log-odds of the readers
    then stand as they are.
    """
    sides = [
        {family for family, marked in zip(families, human, strict=True) if bool(marked) == side}
        for side in (True, False)
    ]
    if min(map(len, sides)) >= 2:
        scores = across(features[:, HUMAN], human, families)
        return scores, logistic(features, human, HUMAN), threshold_for(scores, human)
    return expit(features[:, HUMAN[0]]), as_read("human"), 0.5


def as_read(name: str) -> Logistic:
    """The regression that changes nothing: the probability whose log-odds that feature is."""
    weights = [float(feature == name) for feature in FEATURES]
    return Logistic([0.0] * len(FEATURES), [1.0] * len(FEATURES), weights, 0.0)


def threshold_for(scores: NDArray[Any], human: NDArray[Any]) -> float:
    """The lowest score from on which enough are right, so that as many as possible are found."""
    fine = [t for t in np.unique(scores) if human[scores >= t].mean() >= PRECISION]
    return round(float(min(fine, default=0.5)), 4)


def figures_at(scores: NDArray[Any], human: NDArray[Any], threshold: float) -> dict[str, float]:
    said = scores >= threshold
    hits = float((said & human).sum())
    return {"precision": round(hits / max(1, said.sum()), 4), "recall": round(hits / max(1, human.sum()), 4)}


if __name__ == "__main__":
    try:
        main()
    except (NoModel, UnusableDesk) as problem:
        raise SystemExit(str(problem)) from None
