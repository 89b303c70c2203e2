"""The ledger held against the records and against what readers see; its anchors, and bundles for others."""
