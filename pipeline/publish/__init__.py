"""Publishing: a release to the Hub, whole or not at all, and never a row that is held out to a public place."""
