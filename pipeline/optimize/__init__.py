"""Optimisation of the DSPy programs: examples, a metric made of gates, diversity and cost, and DSPy's own optimisers.

``run.optimize`` does the whole; ``examples`` makes the data, ``metric`` scores a text, ``search`` runs
GEPA or MIPROv2, ``meter`` bounds what it may take.
"""
