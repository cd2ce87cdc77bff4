"""Mail: how it comes in and how replies leave."""
