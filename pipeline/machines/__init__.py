"""Shards on other machines: what a worker is sent, what it does with it, and how its calls reach the build."""
