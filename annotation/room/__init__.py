"""The rating room: who watches what next, what they may see, and what becomes of what they say."""
