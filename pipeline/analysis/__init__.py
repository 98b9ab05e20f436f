"""What runs say: rates with intervals, paired comparisons, items, agreement, and the report."""
