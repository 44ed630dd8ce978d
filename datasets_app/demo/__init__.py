"""The demo project: clips drawn by code, simulated T2V models with visible faults, and simulated raters."""
