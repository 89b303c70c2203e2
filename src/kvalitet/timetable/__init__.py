"""When each source is due, and what is waited for."""
