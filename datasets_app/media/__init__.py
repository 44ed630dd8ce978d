"""Videos' files: probed and prepared in limited processes, sent to members by ranges."""
