"""Compares the ledger with the records and with what readers see. Also its anchors, and bundles for others."""
