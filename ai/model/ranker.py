"""How well a passage answers a question, both read together: any cross-encoder of transformers, by hub id or folder.

Nogueira and Cho 2019, "Passage Re-ranking with BERT", arXiv:1901.04085.
"""

from collections.abc import Sequence

import torch
from transformers import AutoModelForSequenceClassification, AutoTokenizer

from ai.model.loading import NoModel

LONGEST = 512  # tokens of question and passage together; the passage is cut
AT_ONCE = 16


class Ranker:
    """Slower than vectors by far, so only the best few are ranked."""

    def __init__(self, source: str) -> None:
        try:
            self.tokenizer = AutoTokenizer.from_pretrained(source)
            self.model = AutoModelForSequenceClassification.from_pretrained(source, dtype=torch.float32).eval()
        except (OSError, ValueError) as error:
            raise NoModel(f"MODEL_RANKER={source}: not a model that ranks passages. {error}") from error
        if self.model.config.num_labels > 2:
            raise NoModel(f"MODEL_RANKER={source}: it tells {self.model.config.num_labels} classes, not relevance.")

    @torch.inference_mode()
    def rank(self, asked: str, texts: Sequence[str]) -> list[float]:
        """Higher is better: the one logit, or of two classes the second one's lead."""
        found: list[float] = []
        for start in range(0, len(texts), AT_ONCE):
            some = list(texts[start : start + AT_ONCE])
            batch = self.tokenizer(
                [asked] * len(some), some, padding=True, truncation="only_second" if len(asked) < 1000 else True,
                max_length=LONGEST, return_tensors="pt",
            )  # fmt: skip
            logits = self.model(**batch).logits
            found += (logits[:, -1] - (logits[:, 0] if logits.shape[1] == 2 else 0)).tolist()
        return found
