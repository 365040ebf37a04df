"""Announcing: what sources said, warnings in between, officers' notes, previews, subscriptions."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """To this revision."""
    op.create_table(
        "bulletin_notes",
        sa.Column("id", _ID, autoincrement=True, nullable=False),
        sa.Column("event_id", sa.String(), nullable=False),
        sa.Column("slot", sa.String(), nullable=True),
        sa.Column("room", sa.String(), nullable=True),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("by", sa.String(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("since_date", sa.String(), nullable=False),
        sa.Column("until_date", sa.String(), nullable=False),
        sa.Column("ended_by", sa.String(), nullable=True),
        sa.Column("ended_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_bulletin_notes")),
        sa.UniqueConstraint("event_id", name=op.f("uq_bulletin_notes_event_id")),
    )
    with op.batch_alter_table("bulletin_notes", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_bulletin_notes_ended_at"), ["ended_at"], unique=False)
    op.create_table(
        "feeds",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("url", sa.String(), nullable=False),
        sa.Column("raw", sa.LargeBinary(), nullable=True),
        sa.Column("fetched_at", sa.BigInteger(), nullable=True),
        sa.Column("etag", sa.String(), nullable=True),
        sa.Column("modified", sa.String(), nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("tried_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_feeds")),
    )
    op.create_table(
        "previews",
        sa.Column("slot", sa.String(), nullable=False),
        sa.Column("date", sa.String(), nullable=False),
        sa.Column("due_at", sa.BigInteger(), nullable=False),
        sa.Column("shown", sa.Text(), nullable=False),
        sa.Column("answers", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("asked_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("slot", "date", name=op.f("pk_previews")),
    )
    op.create_table(
        "subscriptions",
        sa.Column("user_id", sa.String(), nullable=False),
        sa.Column("slot", sa.String(), nullable=False),
        sa.Column("room_id", sa.String(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("user_id", "slot", name=op.f("pk_subscriptions")),
    )
    with op.batch_alter_table("subscriptions", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_subscriptions_room_id"), ["room_id"], unique=False)
    op.create_table(
        "warnings",
        sa.Column("id", _ID, autoincrement=True, nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("identifier", sa.String(), nullable=False),
        sa.Column("first_id", _ID, nullable=True),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("drill", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("why", sa.Text(), nullable=True),
        sa.Column("words", sa.Text(), nullable=True),
        sa.Column("districts", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("by", sa.String(), nullable=True),
        sa.Column("second", sa.String(), nullable=True),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_warnings")),
        sa.UniqueConstraint("source", "identifier", name=op.f("uq_warnings_source_identifier")),
    )
    with op.batch_alter_table("warnings", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_warnings_state_expires_at"), ["state", "expires_at"], unique=False)
    with op.batch_alter_table("bulletins", schema=None) as batch_op:
        batch_op.add_column(sa.Column("tip", sa.String(), nullable=True))
        batch_op.create_index(
            batch_op.f("ix_bulletins_room_id_tip_created_at"), ["room_id", "tip", "created_at"], unique=False
        )


def downgrade() -> None:
    """Back to the one before."""
    with op.batch_alter_table("bulletins", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_bulletins_room_id_tip_created_at"))
        batch_op.drop_column("tip")
    with op.batch_alter_table("warnings", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_warnings_state_expires_at"))
    op.drop_table("warnings")
    with op.batch_alter_table("subscriptions", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_subscriptions_room_id"))
    op.drop_table("subscriptions")
    op.drop_table("previews")
    op.drop_table("feeds")
    with op.batch_alter_table("bulletin_notes", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_bulletin_notes_ended_at"))
    op.drop_table("bulletin_notes")
