"""Scripts that train and judge adapters; each reads from top to bottom."""
