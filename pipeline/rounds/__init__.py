"""The rounds of a build, in which stages overlap."""
