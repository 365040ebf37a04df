"""The Matrix edge: the only package that imports nio."""
