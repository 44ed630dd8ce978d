"""Deleting videos, releases and whole projects, with everything that was made of them."""
