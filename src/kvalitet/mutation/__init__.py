"""Whether the gate would have caught it: good deliveries and candidates spoilt on purpose, and what the gate said."""

from kvalitet.mutation.registry import Mutation, load_mutations

__all__ = ["Mutation", "load_mutations"]
