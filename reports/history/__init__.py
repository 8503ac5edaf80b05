"""A history that can be trusted: a chain of hashes per report, roots over all chains, their checks. What is hashed: docs/history.md."""
