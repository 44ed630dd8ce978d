"""From doubt to decision: which videos wait for a reviewer, and what reviewers decide."""
