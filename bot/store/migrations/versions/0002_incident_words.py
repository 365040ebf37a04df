"""The words of incidents, for searching. SQLite's FTS5; other engines search without an index for now."""

from __future__ import annotations

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """To this revision."""
    if op.get_bind().dialect.name == "sqlite":
        # Words are cut by bot.store.search; FTS5 only has to keep what it is given apart at spaces.
        op.execute(
            "CREATE VIRTUAL TABLE incident_words USING fts5("
            "words, detail='none', tokenize=\"unicode61 remove_diacritics 0 tokenchars '_'\")"
        )


def downgrade() -> None:
    """Back to the revision before."""
    if op.get_bind().dialect.name == "sqlite":
        op.execute("DROP TABLE incident_words")
