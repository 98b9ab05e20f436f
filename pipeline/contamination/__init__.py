"""Has a model seen a release, and does a text hold parts of it?"""
