"""One file for each action that needs look-ups of its own."""
