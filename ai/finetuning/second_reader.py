"""The second reader is taught: categories, who must decide, and user names, out of judged mails."""

import random
from collections.abc import Sequence

import numpy as np
import torch
from sklearn.linear_model import LogisticRegression
from tqdm import tqdm

from ai.finetuning.examples import Row
from ai.model.readers import SecondReader, vectors
from ai.model.user_names import PLACES, NameReader, candidates, known_words

RATE, EPOCHS, BATCH, LEFT_OUT = 0.2, 2, 32, 0.2  # for user names


def taught_reader(taught: Sequence[Row]) -> SecondReader:
    """Linear weights on hashed words: of the categories, and of whether a person must decide."""
    seen = vectors([row.mail.words for row in taught])
    marked = [bool(row.needs_human) for row in taught]
    if len(set(marked)) < 2:
        raise SystemExit("All taught rows say the same about needs_human: teach mails of both kinds, then calibrate.")
    human = LogisticRegression(C=20.0, max_iter=3000).fit(seen, marked)
    kinds = LogisticRegression(C=20.0, max_iter=3000).fit(seen, [row.answer.category for row in taught if row.answer])
    labels = tuple(str(name) for name in kinds.classes_)
    return SecondReader(labels, human.coef_[0], float(human.intercept_[0]), kinds.coef_, kinds.intercept_)


def taught_names(taught: Sequence[Row]) -> NameReader:
    """Linear weights under which the right word of each mail, or none, is likeliest among all: a conditional logit, by

    Adagrad (Duchi et al. 2011), with a fifth of the features left out at each look so that none is leant on alone.
    """
    rows = [(row.mail, row.answer) for row in taught if row.answer]
    known = known_words([mail for mail, _ in rows], [answer.username for _, answer in rows if answer.username])
    made = [(*candidates(mail, answer.category, known), answer.username) for mail, answer in tqdm(rows, desc="names")]
    made = [one for one in made if one[2] in one[0]]
    weights = torch.nn.EmbeddingBag(PLACES, 1, mode="sum")
    torch.nn.init.zeros_(weights.weight)
    learner = torch.optim.Adagrad(weights.parameters(), lr=RATE)
    chance = random.Random(0)
    for _ in range(EPOCHS):
        chance.shuffle(made)
        for start in range(0, len(made), BATCH):
            batch = made[start : start + BATCH]
            bags = [
                [place for place in places if chance.random() > LEFT_OUT] for _, words, _ in batch for places in words
            ]
            offsets = torch.tensor([0, *np.cumsum([len(bag) for bag in bags])[:-1].tolist()])
            scores = weights(torch.tensor([place for bag in bags for place in bag]), offsets)[:, 0]
            of_mails = scores.split([len(names) for names, _, _ in batch])
            losses = [
                torch.logsumexp(part, 0) - part[names.index(right)]
                for part, (names, _, right) in zip(of_mails, batch, strict=True)
            ]
            learner.zero_grad()
            torch.stack(losses).mean().backward()
            learner.step()
    return NameReader(weights.weight.detach()[:, 0].numpy(), known)
