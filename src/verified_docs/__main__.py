"""Lets `python -m verified_docs` do what the `verified-docs` command does."""

from verified_docs.cli import app

app()
