"""A drill: every fault that this product promises to live through, done to real services on this machine.

`make faults`, or `python -m tests.faults [NAME ...]`. Each fault has a PostgreSQL cluster, a Redis, web and worker
processes and a folder of its own, and ends with `verify_invariants`. `catalog.py` lists the faults.
"""
