"""Figures that others have published, to read ours beside. They are of other videos and other raters."""

# VideoScore2 on VideoScore-Bench-v2 (500 videos of 472 prompts), means over the dimensions in percent:
# arXiv 2509.22799, table of the in-domain benchmark.
PUBLISHED = {"accuracy": 44.35, "within_one": 90.78, "plcc": 60.37}
# The best of the others in the same table.
BEST_RIVAL = {"accuracy": 38.41, "within_one": 86.77, "plcc": 52.05}
