"""Experiments: which conditions to run a release under, what it will take, and the run itself."""
