"""Measurements of the product. Each module is a command that prints its figures and writes them to ``results/``."""
