"""The demo club: a real server with its own database and rules, spoken to over HTTP like any other."""
