"""The whole installation as one folder, and back: the database as it was at one moment, and exactly its files."""
