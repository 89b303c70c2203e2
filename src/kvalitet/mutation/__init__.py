"""Tests whether the gate finds errors: it judges good deliveries and candidates that were spoilt on purpose."""

from kvalitet.mutation.registry import Mutation, load_mutations

__all__ = ["Mutation", "load_mutations"]
