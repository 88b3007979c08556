"""Masks in (formats, names, checks, import), round bundles out."""
