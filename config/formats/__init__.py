"""How dates are written where the language's own way is not wanted."""
