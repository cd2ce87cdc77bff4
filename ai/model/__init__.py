"""The local model: weights, grammar, decoding, and the process that owns them."""

import os

# Read by torch and transformers when they are first imported, so they must stand before every import of them.
os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
os.environ.setdefault("THP_MEM_ALLOC_ENABLE", "1")  # large buffers in large pages: four times as fast to touch
# A thread that waits for the next product spins for some microseconds and then sleeps. Sleeping at once costs half of
# all decoding speed; spinning on, as is the default, takes the processor from the pages.
os.environ.setdefault("GOMP_SPINCOUNT", "10000")
