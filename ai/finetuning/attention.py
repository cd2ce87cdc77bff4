"""Attention for training on a CPU, where torch's own backward pass under a mask takes a quarter of a step."""

from collections.abc import Iterator, Sequence
from typing import Any

import torch
from transformers import AttentionInterface
from transformers.integrations.sdpa_attention import sdpa_attention_forward
from transformers.masking_utils import AttentionMaskInterface, sdpa_mask

NAME = "folded"
LARGEST = 8 << 20  # scores in one layer; above that torch's attention, which never holds them all


def folded_attention(
    module: torch.nn.Module,
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    attention_mask: torch.Tensor | None,
    scaling: float | None = None,
    dropout: float = 0.0,
    rows: Sequence[int] | None = None,
    **rest: Any,
) -> tuple[torch.Tensor, None]:
    """Softmax attention as two matrix products, the query heads of one key head folded into its rows.

    query [B, H, T, D], key and value [B, K, S, D] with K dividing H, attention_mask bool [B, 1, T, S], True where a
    token may look. Returns [B, T, H, D].

    `rows`: lengths of what stands one behind the other in T, where B is 1: a prefix, which may be empty, and rows that look
    at it and each at itself. The mask is then that of the prefix and the longest row.
    """
    if rows is not None and attention_mask is not None:
        found = []
        for part in apart(query, key, value, rows):
            length, seen = part[0].shape[2], part[1].shape[2]
            mask = attention_mask[:, :, seen - length : seen, :seen]
            found.append(folded_attention(module, *part, mask, scaling, dropout, **rest)[0])
        return torch.cat(found, dim=1), None
    batch, heads, length, size = query.shape
    shared, seen = key.shape[1:3]
    if attention_mask is None or dropout or batch * heads * length * seen > LARGEST:
        out, _ = sdpa_attention_forward(
            module, query, key, value, attention_mask, dropout=dropout, scaling=scaling, **rest
        )
        return out, None
    rows = (query * (size**-0.5 if scaling is None else scaling)).reshape(batch * shared, -1, size)
    scores = torch.bmm(rows, key.reshape(batch * shared, seen, size).transpose(1, 2))
    scores = scores.view(batch, shared, -1, length, seen)
    scores = scores.masked_fill(~attention_mask[:, :, None, :, :seen], torch.finfo(scores.dtype).min)
    weights = scores.softmax(dim=-1).view(batch * shared, -1, seen)
    out = torch.bmm(weights, value.reshape(batch * shared, seen, size))
    return out.view(batch, heads, length, size).transpose(1, 2).contiguous(), None


def apart(
    query: torch.Tensor, key: torch.Tensor, value: torch.Tensor, rows: Sequence[int]
) -> Iterator[tuple[torch.Tensor, torch.Tensor, torch.Tensor]]:
    """Queries of the prefix and of each row, each with the keys and values that it looks at: the prefix's, and its own."""
    (first, *queries), (before, *keys), (given, *values) = (one.split(list(rows), dim=2) for one in (query, key, value))
    if first.shape[2]:
        yield first, before, given
    for q, k, v in zip(queries, keys, values, strict=True):
        yield q, torch.cat([before, k], dim=2), torch.cat([given, v], dim=2)


def fits(model: Any) -> bool:
    """Whether the model's attention is the plain one, and its class lets it be replaced."""
    capped = getattr(model.config, "attn_logit_softcapping", None) is not None
    replaceable = getattr(model, "_can_set_attn_implementation", lambda: False)()
    return bool(replaceable and not capped)


def packs(model: Any) -> bool:
    """Whether rows of many lengths may stand one behind the other: attention is ours, and no layer looks through a window."""
    kinds = set(getattr(model.config, "layer_types", None) or ["full_attention"])
    return model.config._attn_implementation == NAME and kinds == {"full_attention"}


AttentionInterface.register(NAME, folded_attention)
AttentionMaskInterface.register(NAME, sdpa_mask)
