"""The local model: loading, decoding, and the process that owns it."""
