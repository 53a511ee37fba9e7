"""Makes small chains with hostile candidates in them, seeded: what one changed byte never reaches, since hash, work,
signature and log root would all have to follow.
"""
