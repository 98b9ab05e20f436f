"""What every page shares: look, templates, scripts, and the rule that text of models and people stays text."""
