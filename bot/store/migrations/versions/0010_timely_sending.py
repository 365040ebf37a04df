"""Timely sending: what would not be true any more is not sent late."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """To this revision."""
    with op.batch_alter_table("outbox", schema=None) as batch_op:
        batch_op.add_column(sa.Column("not_after", sa.BigInteger(), nullable=True))
    with op.batch_alter_table("bulletins", schema=None) as batch_op:
        batch_op.add_column(sa.Column("words", sa.Text(), nullable=True))
        batch_op.add_column(sa.Column("not_after", sa.BigInteger(), nullable=True))
        batch_op.add_column(sa.Column("told_at", sa.BigInteger(), nullable=True))
    with op.batch_alter_table("previews", schema=None) as batch_op:
        batch_op.add_column(sa.Column("digest", sa.String(), nullable=False, server_default=""))
        batch_op.add_column(sa.Column("composed_at", sa.BigInteger(), nullable=False, server_default="0"))
    with op.batch_alter_table("incident_history", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_incident_history_at"), ["at"], unique=False)
    # What was skipped before officers were told of such things is no news to them.
    op.execute("UPDATE bulletins SET told_at = created_at")
    with op.batch_alter_table("warnings", schema=None) as batch_op:
        batch_op.add_column(sa.Column("refers", sa.JSON(none_as_null=True), nullable=True))
        batch_op.add_column(sa.Column("sent_at", sa.BigInteger(), nullable=True))
        batch_op.add_column(sa.Column("open_end", sa.Integer(), server_default="0", nullable=False))


def downgrade() -> None:
    """Back to the one before."""
    with op.batch_alter_table("previews", schema=None) as batch_op:
        batch_op.drop_column("composed_at")
        batch_op.drop_column("digest")
    with op.batch_alter_table("incident_history", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_incident_history_at"))
    with op.batch_alter_table("bulletins", schema=None) as batch_op:
        for name in ("told_at", "not_after", "words"):
            batch_op.drop_column(name)
    with op.batch_alter_table("warnings", schema=None) as batch_op:
        batch_op.drop_column("open_end")
        batch_op.drop_column("sent_at")
        batch_op.drop_column("refers")
    with op.batch_alter_table("outbox", schema=None) as batch_op:
        batch_op.drop_column("not_after")
