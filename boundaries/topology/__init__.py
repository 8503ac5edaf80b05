"""Verification of an edition: what is wrong with its outlines, beside each other, beside the units around them, and beside what was before."""
