"""Alembic's entry point: runs the migrations on the connection that admin.migrate() hands over."""

from alembic import context

context.configure(
    connection=context.config.attributes["connection"],
    version_table="kvalitet_migration",
    version_table_schema="public",
)
with context.begin_transaction():
    context.run_migrations()
