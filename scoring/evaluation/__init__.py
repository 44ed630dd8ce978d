"""How good a scorer is: its answers beside scores that people gave without having seen them."""
