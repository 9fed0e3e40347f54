"""Finds out why MLflow does not work with a GitLab, with the answers that show it."""
