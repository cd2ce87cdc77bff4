"""What staff can make happen in the club's own system."""
