"""One file for each noun that a URL can name."""
