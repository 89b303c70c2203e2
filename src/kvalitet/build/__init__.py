"""A build of the star: its set of loads, who owns it, dbt's layers, and which code built it."""
