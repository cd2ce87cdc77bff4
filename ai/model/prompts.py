"""Prompts are read into the cache: what all begin with once, the rest of a mail and every label in one pass."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import torch

from ai.model.cache import Rows
from ai.model.labels import Decision, LabelTree, decide, tree_of
from ai.model.runner import Runner
from ai.parsing import category_head
from ai.prompt import MailText, messages, token_ids
from db.desk import Desk

LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)


class Prompts:
    """Of one model and desk. `labels`: tokens of each category; `prefix`: keys and values of what every prompt begins with."""

    def __init__(self, runner: Runner, tokenizer: Any, desk: Desk) -> None:
        self.runner, self.tokenizer, self.desk = runner, tokenizer, desk
        self.labels = {name: self.label_tokens(name) for name in desk.category_names}
        self.tree = tree_of(self.labels)
        self.prefix_ids, self.prefix = self.shared_prefix()

    def ids(self, mail: MailText, passages: Sequence[str] = ()) -> list[int]:
        return token_ids(messages(self.desk, mail, passages, self.tokenizer), self.tokenizer)

    def shared_prefix(self) -> tuple[list[int], Rows]:
        """Keys and values of what every prompt begins with, computed once."""
        samples = [self.ids(MailText(name, "", LONG_AGO, name, name)) for name in ("a", "Zebra")]
        same = shared(*samples)
        memory = self.runner.empty()
        if same:
            self.append(memory, samples[0][:same])
        return samples[0][:same], memory

    def append(self, memory: Rows, ids: Sequence[int]) -> torch.Tensor:
        """Read tokens one after the other; hidden states [T, E]."""
        places = torch.arange(memory.used, memory.used + len(ids))[None]
        own = torch.ones(1, len(ids), len(ids), dtype=torch.bool).tril()
        hidden = self.runner.forward(torch.tensor([list(ids)]), places, memory.view(own), memory)
        memory.note(places, torch.ones(1, len(ids), dtype=torch.bool))
        return hidden[0]

    def read(self, ids: Sequence[int]) -> tuple[Rows, Decision]:
        """The rest of a prompt and all labels behind it, in one pass: the cache with both, and the decision."""
        memory = self.prefix.copy()
        same = shared(ids, self.prefix_ids)  # a mail's first letters may melt into the last token before them
        memory.crop(same)
        return memory, self.read_tree(memory, same, ids[same:], self.tree)

    def read_tree(self, memory: Rows, start: int, tokens: Sequence[int], tree: LabelTree) -> Decision:
        """Read tokens from position `start` on and, in the same pass, a tree that hangs on the last: how likely each label is."""
        size = len(tokens)
        places = torch.cat([torch.arange(start, start + size), start + size + tree.depths()])[None]
        ids = torch.tensor([[*tokens, *tree.tokens]])
        hidden = self.runner.forward(ids, places, memory.view(tree.behind(size)), memory)
        memory.note(places, torch.ones_like(ids, dtype=torch.bool))
        scores = self.runner.logits(hidden[0, size - 1 :])
        return decide(tree, scores[0], scores[1:])

    def keep_label(self, memory: Rows, size: int, chosen: str) -> int:
        """Keep what was read of the chosen label, forget the others; how many of its tokens need no second reading."""
        path = self.tree.paths[chosen]
        self.forget_but(memory, size, path)
        return len(path) - 1

    def forget_but(self, memory: Rows, size: int, path: Sequence[int]) -> None:
        """Of a tree that hangs on the first `size` columns keep one path, without its last token: what comes next hangs on the

        logits behind that, so it is read again.
        """
        memory.real[:, size:] = False
        memory.real[:, [size + node for node in path[:-1]]] = True
        memory.tidy()

    def reread(self, memory: Rows, before: Sequence[int], now: Sequence[int]) -> None:
        """Go back to where two prompts part, and read the second from there."""
        same = shared(before, now)
        memory.crop(same)
        self.append(memory, now[same:])

    def label_tokens(self, name: str) -> list[int]:
        """Tokens of the answer's beginning up to the one that closes the category, as generation would cut them."""
        return self.cut_tokens(category_head(name), ',"username":"')

    def cut_tokens(self, head: str, rest: str) -> list[int]:
        """Tokens that spell `head` where `rest` follows it."""
        cut = self.tokenizer(head + rest, add_special_tokens=False, return_offsets_mapping=True)
        return [i for i, (start, _) in zip(cut["input_ids"], cut["offset_mapping"], strict=True) if start < len(head)]


def shared(ids: Sequence[int], others: Sequence[int]) -> int:
    """How many tokens both begin with."""
    return next((i for i, (a, b) in enumerate(zip(ids, others, strict=False)) if a != b), min(len(ids), len(others)))
