"""Agents on a release: what they are shown, the tools they use, and what is made of what they did."""
