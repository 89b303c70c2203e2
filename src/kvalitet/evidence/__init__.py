"""Evidence that a published figure is what was delivered, measured and let through: certificates and their chain."""
