"""What a ticket is, what may happen to it, how it is stored."""
