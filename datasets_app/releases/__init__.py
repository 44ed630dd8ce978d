"""How data goes out: verdicts are selected, split by prompt and written into frozen folders."""
