"""WHO CHANGED WHAT: an append-only, chained record of changes to rules, bodies, territories, memberships, users and categories."""
