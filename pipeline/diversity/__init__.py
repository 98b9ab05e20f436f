"""How diverse rows are: their plots, their prose, and the spread of what stands in them.

``plots`` measures embeddings, ``prose`` texts, ``spread`` names and labels; ``measure`` does all of it
for a set of scenarios, ``figures`` says in words what each figure means, and ``floors`` holds figures
against what a specification asks for.
"""
