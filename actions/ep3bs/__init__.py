"""ep3-bs as a second club behind the same ports."""
