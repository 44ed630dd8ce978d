"""Everything that opens videos. It runs in a limited child process (`sandbox.py`) and imports no Django."""
