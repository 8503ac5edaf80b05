"""A portal with a past: people, places and reports that are made up, filed and worked through the same services as real ones.

Deterministic for a seed and a moment, but for what has to be random: codes, keys of photos, passwords.
"""
