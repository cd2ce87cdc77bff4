"""All categories read in one forward pass: the labels' tokens as a tree that hangs on the end of the prompt."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import torch


@dataclass
class LabelTree:
    """Tokens of all labels, each shared beginning once.

    `tokens[n]` follows `parents[n]` (-1: the prompt); `paths` holds each label's nodes in order. Labels must differ
    before they end: one that is a prefix of another is told apart by the token that closes it.
    """

    tokens: list[int] = field(default_factory=list)
    parents: list[int] = field(default_factory=list)
    paths: dict[str, list[int]] = field(default_factory=dict)

    def view(self) -> torch.Tensor:
        """[N, N]: a node looks at itself and at what leads to it."""
        seen = torch.eye(len(self.tokens), dtype=torch.bool)
        for node, parent in enumerate(self.parents):  # a parent stands before its children
            if parent >= 0:
                seen[node] |= seen[parent]
        return seen

    def behind(self, size: int) -> torch.Tensor:
        """[1, T, T], T = size + N: what a run of `size` tokens, and then the tree that hangs on its end, looks at."""
        seen = torch.zeros(1, size + len(self.tokens), size + len(self.tokens), dtype=torch.bool)
        seen[0, :size, :size] = torch.ones(size, size, dtype=torch.bool).tril()
        seen[0, size:, :size] = True
        seen[0, size:, size:] = self.view()
        return seen

    def depths(self) -> torch.Tensor:
        """[N]: how many nodes lead to each."""
        return self.view().sum(dim=1) - 1


def tree_of(labels: Mapping[str, Sequence[int]]) -> LabelTree:
    """The tree of labels and their tokens."""
    tree = LabelTree()
    known: dict[tuple[int, int], int] = {}
    for name, tokens in labels.items():
        path: list[int] = []
        for token in tokens:
            step = (path[-1] if path else -1, token)
            if step not in known:
                known[step] = len(tree.tokens)
                tree.tokens.append(token)
                tree.parents.append(step[0])
            path.append(known[step])
        tree.paths[name] = path
    return tree


@dataclass(frozen=True)
class Decision:
    """Probabilities of the labels, which sum to one, and how much of the model's first choice fell on labels at all.

    `legal_mass`: probability, before any label is forced, of the tokens with which the labels part; a model that
    would rather write something else has little.
    """

    probabilities: dict[str, float]
    legal_mass: float


def decide(tree: LabelTree, before: torch.Tensor, scores: torch.Tensor) -> Decision:
    """From the logits [V] at the end of the prompt and [N, V] at the nodes.

    Normalised at each step among the tokens that keep some label open. Summed log-probabilities of whole labels would
    favour the short ones.
    """
    children: dict[int, list[int]] = {}
    for node, parent in enumerate(tree.parents):
        children.setdefault(parent, []).append(node)
    step: dict[int, float] = {}
    mass: float | None = None
    for parent, nodes in sorted(children.items()):
        at = before if parent < 0 else scores[parent]
        open_scores = at[[tree.tokens[node] for node in nodes]]
        total = torch.logsumexp(open_scores, 0)
        step.update(zip(nodes, (open_scores - total).tolist(), strict=True))
        if mass is None and len(nodes) > 1:
            mass = math.exp(min(0.0, float(total - torch.logsumexp(at, 0))))
    chances = {name: math.exp(sum(step[node] for node in path)) for name, path in tree.paths.items()}
    return Decision(chances, 1.0 if mass is None else mass)
