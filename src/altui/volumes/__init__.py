"""Stacks of slices: TIFF and PNG, read by need."""
