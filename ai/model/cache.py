"""Keys and values of drafts that are written side by side, each with a length of its own."""

from collections.abc import Sequence
from typing import Any

import torch
from transformers.cache_utils import Cache, CacheLayerMixin

ROOM = 64  # columns by which a layer grows, so that few steps copy anything
WASTE = 192  # columns that may be nobody's before the rest is moved together


class Columns(CacheLayerMixin):
    """One layer: keys and values [B, K, room, D], of which the first `used` columns are written."""

    def __init__(self) -> None:
        super().__init__()
        self.used = 0

    def lazy_initialization(self, key_states: torch.Tensor, value_states: torch.Tensor) -> None:
        self.keys, self.values = roomy(key_states[:, :, :0], 0), roomy(value_states[:, :, :0], 0)
        self.is_initialized = True

    def update(
        self, key_states: torch.Tensor, value_states: torch.Tensor, *_: Any, **__: Any
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Append [B, K, T, D]; returns all that is written so far."""
        if not self.is_initialized:
            self.lazy_initialization(key_states, value_states)
        end = self.used + key_states.shape[2]
        if end > self.keys.shape[2]:
            self.keys, self.values = (roomy(t[:, :, : self.used], end - self.used) for t in (self.keys, self.values))
        self.keys[:, :, self.used : end] = key_states
        self.values[:, :, self.used : end] = value_states
        self.used = end
        return self.keys[:, :, :end], self.values[:, :, :end]

    def get_mask_sizes(self, query_length: int) -> tuple[int, int]:
        return self.used + query_length, 0

    def get_seq_length(self) -> int:
        return self.used

    def get_max_length(self) -> int:
        return -1


def roomy(written: torch.Tensor, more: int) -> torch.Tensor:
    """A copy of [B, K, S, D] with room for `more` columns, and some."""
    batch, heads, used, size = written.shape
    out = written.new_zeros((batch, heads, -(-(used + more) // ROOM) * ROOM + ROOM, size))
    out[:, :, :used] = written
    return out


class Rows:
    """What a model remembers of B rows. Column s of row b holds the token at position `places[b, s]`, if `real[b, s]`.

    A column that is not real is padding, or a guess that turned out wrong; nothing looks at it.
    """

    def __init__(self, layers: int) -> None:
        self.layers = [Columns() for _ in range(layers)]
        self.cache = Cache(layers=self.layers)
        self.real = torch.zeros((1, 0), dtype=torch.bool)
        self.places = torch.zeros((1, 0), dtype=torch.long)

    @property
    def used(self) -> int:
        return int(self.real.shape[1])

    def view(self, own: torch.Tensor) -> torch.Tensor:
        """What the next tokens may look at, [B, T, used + T], where `own` [B, T, T] says it of each other."""
        before = self.real[:, None, :].expand(-1, own.shape[1], -1)
        return torch.cat([before, own], dim=2)

    def note(self, places: torch.Tensor, real: torch.Tensor) -> None:
        """The model has just appended tokens at `places` [B, T], of which `real` [B, T] are to be kept."""
        self.places = torch.cat([self.places, places], dim=1)
        self.real = torch.cat([self.real, real], dim=1)

    def crop(self, used: int) -> None:
        """Forget all columns from `used` on."""
        for layer in self.layers:
            layer.used = min(layer.used, used)
        self.real, self.places = self.real[:, :used], self.places[:, :used]

    def tidy(self) -> None:
        """Drop columns at the end that are nobody's; move the rest together once too many in between are."""
        someone = self.real.any(dim=0).nonzero()
        self.crop(int(someone[-1]) + 1 if len(someone) else 0)
        if self.used - int(self.real.sum(dim=1).max()) > WASTE:
            self.move_together()

    def move_together(self) -> None:
        order = torch.argsort((~self.real).int(), dim=1, stable=True)[:, : int(self.real.sum(dim=1).max())]
        self.real, self.places = self.real.gather(1, order), self.places.gather(1, order)
        for layer in self.layers:
            where = order[:, None, :, None].to(layer.keys.device)
            layer.keys, layer.values = (
                roomy(t.gather(2, where.expand(-1, t.shape[1], -1, t.shape[3])), 0) for t in (layer.keys, layer.values)
            )
            layer.used = order.shape[1]

    def keep(self, rows: Sequence[int]) -> None:
        """Forget all other rows."""
        chosen = torch.tensor(list(rows), dtype=torch.long)
        self.real, self.places = self.real[chosen], self.places[chosen]
        for layer in self.layers:
            on_device = chosen.to(layer.keys.device)
            layer.keys, layer.values = layer.keys[on_device], layer.values[on_device]

    def copy(self) -> "Rows":
        return joined([self])


def joined(parts: Sequence[Rows]) -> Rows:
    """All rows of all parts, in order, in a cache of their own."""
    used = max(part.used for part in parts)
    out = Rows(len(parts[0].layers))
    out.real = torch.cat([torch.nn.functional.pad(part.real, (0, used - part.used)) for part in parts])
    out.places = torch.cat([torch.nn.functional.pad(part.places, (0, used - part.used)) for part in parts])
    for i, layer in enumerate(out.layers):
        sources = [part.layers[i] for part in parts]
        if not sources[0].is_initialized:
            continue
        layer.keys, layer.values = (
            torch.cat([widened(source, name, used) for source in sources]) for name in ("keys", "values")
        )
        layer.used, layer.is_initialized = used, True
    return out


def widened(layer: Columns, name: str, used: int) -> torch.Tensor:
    written = getattr(layer, name)[:, :, : layer.used]
    return roomy(written, used - layer.used)
