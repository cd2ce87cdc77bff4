"""Make an adapter's confidence keep its word.

    python ai/finetuning/calibrate.py --desk tennis

Drafts the mails of `desks/<desk>/training/calibration.jsonl`, whose families were neither taught nor judged, and fits
on them what turns the model's numbers into probabilities: a temperature for the categories, and two small logistic
regressions, one for "category and user name are right", one for "a person must decide". Writes `calibration.json` and
`readers.safetensors` beside the adapter. Run it after every training; a calibration belongs to one version of a model.
"""

import argparse
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GroupKFold, cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from tqdm import tqdm

from ai.confidence import FEATURES, Calibration, Evidence, Logistic, features_of, tempered, write_calibration
from ai.finetuning.duplicates import text_of
from ai.finetuning.examples import Report, Row, family_of, own_data, read_rows
from ai.finetuning.metrics import confidence_figures
from ai.knowledge import load_knowledge
from ai.model.decoding import Decoder
from ai.model.embedder import Embedder
from ai.model.loading import NoModel, best_dtype, load
from ai.model.patterns import phrases_of
from ai.model.readers import Readers, write_readers
from ai.parsing import UnusableOutput, parse_draft
from ai.written import Question, Written
from db.desk import Desk, UnusableDesk, load_desk

PRECISION = 0.7  # of "a person must decide", at which as many as possible are to be found
FOLDS = 8
LEAST_ROWS = 60
EMBEDDED_WIDTH = 384


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add = parser.add_argument
    add("--desk", default="tennis", help="folder under desks/ (default: tennis)")
    add("--data", type=Path, help="rows to fit on (default: the desk's calibration.jsonl)")
    add("--base", default="", help="hub id or folder (default: the bundled model)")
    add("--adapter", default="", help="folder of the adapter (default: the desk's own)")
    add("--heads-rows", type=int, default=1500, help="taught rows that the heads learn from (default: 1500)")
    add("--threads", type=int, default=0, help="CPU threads (default: as many as torch likes)")
    args = parser.parse_args()
    if args.threads:
        torch.set_num_threads(args.threads)

    # Data: rows to fit on, and taught rows for the heads.
    desk = load_desk(args.desk)
    folder = Path(args.adapter or desk.folder / "adapter")
    rows = known_rows(args.data or desk.folder / "training" / "calibration.jsonl")
    if len(rows) < LEAST_ROWS:
        raise SystemExit(f"{len(rows)} rows are too few to calibrate on; at least {LEAST_ROWS} are needed.")
    taught = [row for path in own_data(desk) for row in read_rows(path, Report()) if row.answer]

    # Heads first: a part of the evidence is what they say.
    loaded = load(args.base, str(folder), dtype=best_dtype())
    decoder = Decoder(loaded, desk, load_knowledge(desk.folder / "knowledge"), phrases_of(desk, loaded.tokenizer))
    readers = fitted_readers(taught, decoder, args.heads_rows)
    decoder.readers = readers

    # Drafts, and what became of them.
    started = time.monotonic()
    drafts = drafted(rows, decoder)
    judged = [
        (row, *found)
        for row, found in zip(rows, (read(r, w, desk) for r, w in zip(rows, drafts, strict=True)), strict=True)
        if found
    ]
    right = np.array([is_right for _, _, is_right in judged])
    human = np.array([bool(row.needs_human) for row, _, _ in judged])
    families = [family_of(row) for row, _, _ in judged]
    print(
        f"{len(judged)} drafts in {time.monotonic() - started:.0f} s, {right.mean():.1%} right, {human.mean():.1%} for a person"
    )

    # Fits, each also crosswise by family, so that the figures printed are about unseen ways of writing.
    temperature = fitted_temperature(
        [e.categories for _, e, _ in judged], [row.answer.category for row, _, _ in judged if row.answer]
    )
    features = np.array([features_of(e, desk, tempered(e.categories, temperature)) for _, e, _ in judged])
    sure, of_person = (across(features, target, families) for target in (right, human))
    threshold = threshold_for(of_person, human)
    figures = {
        "confidence": confidence_figures(sure, right),
        "uncalibrated": confidence_figures(
            np.array([e.categories[e.category] * e.username_probability for _, e, _ in judged]), right
        ),
        "needs_human": figures_at(of_person, human, threshold),
    }
    calibration = Calibration(temperature, logistic(features, right), logistic(features, human), threshold, len(judged))
    write_calibration(folder, calibration, figures=figures)
    write_readers(folder, readers)
    print(f"temperature {temperature:.2f}, a person from {threshold:.2f} on")
    for name, stated in figures.items():
        print(f"{name:14} {stated}")
    for name, a, b in zip(FEATURES, calibration.right.weights, calibration.human.weights, strict=True):
        print(f"  {name:14} right {a:+.2f}  person {b:+.2f}")


def known_rows(path: Path) -> list[Row]:
    if not path.is_file():
        raise SystemExit(f"{path} is missing: make it with generate.py, or name a file of judged mails with --data.")
    return [row for row in read_rows(path, Report()) if row.answer and row.needs_human is not None]


def fitted_readers(taught: Sequence[Row], decoder: Decoder, most: int) -> Readers:
    """Heads on the model's own reading and on sentence embeddings, taught on the rows of the training."""
    spread = [taught[i * len(taught) // min(most, len(taught))] for i in range(min(most, len(taught)))]
    states = np.stack(
        [decoder.state_of(row.mail).float().numpy() for row in tqdm(spread, desc="readings", unit="mail")]
    )
    head = make_pipeline(StandardScaler(), LogisticRegression(C=0.01, max_iter=3000))
    head.fit(states, [bool(row.needs_human) for row in spread])
    scale, regression = head.steps[0][1], head.steps[1][1]
    weight = (regression.coef_[0] / scale.scale_).astype(np.float32)
    bias = float(regression.intercept_[0] - (weight * scale.mean_).sum())
    labels = tuple(sorted({row.answer.category for row in taught if row.answer}))
    empty: NDArray[np.float32] = np.zeros((len(labels), EMBEDDED_WIDTH), dtype=np.float32)
    try:
        embedder = Embedder()
    except NoModel as missing:
        print(missing, "The second reader stays silent.")
        return Readers(labels, weight, bias, empty, empty[:, 0], empty[:0])
    vectors = embedder.embed([text_of(row) for row in taught])
    second = LogisticRegression(C=20.0, max_iter=2000).fit(
        vectors, [row.answer.category for row in taught if row.answer]
    )
    return Readers(
        labels, weight, bias, second.coef_.astype(np.float32), second.intercept_.astype(np.float32), vectors, embedder
    )


def drafted(rows: Sequence[Row], decoder: Decoder) -> list[Written | None]:
    found: list[Written | None] = [None] * len(rows)
    with tqdm(total=len(rows), desc="drafts", unit="mail") as bar:
        for place, news in decoder.draft_many([Question(row.mail) for row in rows]):
            if isinstance(news, Written):
                found[place] = news
                bar.update()
    return found


def read(row: Row, written: Written | None, desk: Desk) -> tuple[Evidence, bool] | None:
    """The evidence of a draft, and whether category and user name are right; None where there is no draft."""
    assert row.answer is not None
    try:
        draft = parse_draft(written.text, desk, row.mail) if written else None
    except UnusableOutput:
        draft = None
    if draft is None or written is None:
        return None
    is_right = (draft.category, draft.username) == (row.answer.category, row.answer.username)
    return Evidence.of(written, draft, row.mail.words), is_right


def fitted_temperature(chances: Sequence[Any], gold: Sequence[str]) -> float:
    """By the likelihood of the right category (Guo et al. 2017)."""

    def surprise(log_temperature: float) -> float:
        made = [tempered(one, float(np.exp(log_temperature))) for one in chances]
        return -float(np.mean([np.log(max(one.get(name, 0.0), 1e-9)) for one, name in zip(made, gold, strict=True)]))

    return round(float(np.exp(minimize_scalar(surprise, bounds=(-1.5, 2.5), method="bounded").x)), 4)


def regression() -> Any:
    return make_pipeline(StandardScaler(), LogisticRegression(C=0.3, max_iter=3000))


def across(features: NDArray[Any], target: NDArray[Any], families: Sequence[str]) -> NDArray[Any]:
    """Probability for each row by a regression that saw none of its family."""
    folds = GroupKFold(min(FOLDS, len(set(families))))
    return np.asarray(
        cross_val_predict(regression(), features, target, groups=families, cv=folds, method="predict_proba")[:, 1]
    )


def logistic(features: NDArray[Any], target: NDArray[Any]) -> Logistic:
    fitted = regression().fit(features, target)
    scale, head = fitted.steps[0][1], fitted.steps[1][1]
    means, scales, weights = ([round(float(x), 5) for x in some] for some in (scale.mean_, scale.scale_, head.coef_[0]))
    return Logistic(means, scales, weights, round(float(head.intercept_[0]), 5))


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
