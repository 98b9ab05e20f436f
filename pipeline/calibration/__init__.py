"""Measures the benignness filters on labelled rows, and chooses thresholds that hold a stated bound."""
