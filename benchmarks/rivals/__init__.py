"""Rows of one prompt made with other tools, each by a script that runs in an environment of that tool's own."""
