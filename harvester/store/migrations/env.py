"""Alembic's entry: runs the revisions on the connection, and in the transaction, that `store.database` hands over."""

from alembic import context

from harvester.store.database import VERSION_TABLE
from harvester.store.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    version_table=VERSION_TABLE,
    render_as_batch=True,
)
with context.begin_transaction():
    context.run_migrations()
