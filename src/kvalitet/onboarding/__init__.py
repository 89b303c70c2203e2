"""Drafts for a new source: reads a file, writes down what it shows, and marks each guess."""

from kvalitet.onboarding.drafting import Draft, draft_source

__all__ = ["Draft", "draft_source"]
