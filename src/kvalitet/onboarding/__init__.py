"""Drafts for a new source: a file is looked through, and what it tells is written down with each guess marked."""

from kvalitet.onboarding.drafting import Draft, draft_source

__all__ = ["Draft", "draft_source"]
