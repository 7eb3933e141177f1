"""How the database came to be as it is, step by step; `schema.py` runs them in the process that needs them."""
