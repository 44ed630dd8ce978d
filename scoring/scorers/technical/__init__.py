"""The `technical` scorer: measures of every frame, no model. `settings` loads nothing heavy."""
