"""The desk that people sit at: pages, forms, decisions."""
