"""Answers as a recorded GitLab did, on this machine only."""
