"""Evidence that a published figure is what was delivered, measured and passed: certificates and their chain."""
