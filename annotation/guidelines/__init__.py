"""Guidelines: the text that raters read, and the example videos beside it."""
