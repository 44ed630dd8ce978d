"""The audit log as leads and superusers read it."""
