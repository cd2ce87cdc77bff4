"""The model: a ticket becomes a draft, a correction becomes a better model."""
