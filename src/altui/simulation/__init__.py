"""Experiments with the oracle as annotator: what is trained next, what came of it, tables."""
