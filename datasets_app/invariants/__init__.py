"""The promises that `verify_invariants` checks, I1 to I12."""
