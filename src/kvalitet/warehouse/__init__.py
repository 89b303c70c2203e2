"""The Postgres server, its roles and migrations, and connections to it."""
