"""A lead's pages: projects, their people, their videos, and the four answers of the overview."""
