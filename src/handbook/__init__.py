"""Adds to this site's pages what was measured besides the examples: permissions, coverage, pictures of GitLab."""
