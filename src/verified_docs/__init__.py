"""Keeps documentation true: every example is replayed against recordings of real servers."""
