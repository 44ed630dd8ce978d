"""Trials: one clip and one prompt put to a scorer once, outside any dataset."""
