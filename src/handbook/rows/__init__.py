"""Holds the rows of the pages that claim something, each with its evidence."""
