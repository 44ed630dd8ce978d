"""How ratings and suggestions made elsewhere come in: records, and the raw export of an annotation tool."""
