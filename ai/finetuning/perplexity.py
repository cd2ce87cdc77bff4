"""How surprised a model is by the replies that people wrote."""

import math
from collections.abc import Sequence
from dataclasses import replace

import torch

from ai.finetuning.examples import Kind, Report, Row, examples_of
from ai.finetuning.loss import answer_loss
from ai.finetuning.training import Collator, as_dataset, shared_prefix
from ai.knowledge import Knowledge
from ai.model.loading import Loaded
from db.desk import Desk

AT_ONCE = 4
REPLIES = {Kind.REPLY, Kind.STRESSED}
OF_REPLIES = torch.tensor([float(kind in REPLIES) for kind in Kind])


@torch.inference_mode()
def perplexity(loaded: Loaded, rows: Sequence[Row], desk: Desk, knowledge: Knowledge) -> float | None:
    """exp of the mean cross entropy, in nats, of the right replies' tokens; None where no row has a usable one.

    Teacher-forced: each token is predicted from the mail, the right fields and the right reply so far.
    """
    examples = [
        example
        for example in examples_of(rows, desk, knowledge, loaded.tokenizer, Report())
        if REPLIES.intersection(example.kinds)
    ]
    if not examples:
        return None
    shared = shared_prefix(examples)
    prefix = torch.tensor([examples[0].prompt[:shared]], dtype=torch.long)
    items = as_dataset([replace(example, follows=False) for example in examples], shared)
    items.sort(key=lambda item: len(item["input_ids"]))
    nats, tokens = 0.0, 0
    for start in range(0, len(items), AT_ONCE):
        batch = Collator(loaded.tokenizer.eos_token_id)(items[start : start + AT_ONCE])
        batch = {name: part.to(loaded.model.device) for name, part in batch.items()}
        found = answer_loss(loaded.model, prefix, batch, OF_REPLIES)
        nats += float(found.total)
        tokens += int(OF_REPLIES[found.kinds].sum())
    return round(math.exp(nats / tokens), 3)
