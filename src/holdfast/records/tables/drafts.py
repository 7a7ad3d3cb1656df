"""Drafts of reports and where they go."""
