"""How videos come in: manifests are read, files found, copied and hashed, rows landed."""
