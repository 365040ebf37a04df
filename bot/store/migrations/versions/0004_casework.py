"""Working on reports: what was passed on, darurat reports that nobody has taken, people whose reports are not taken."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """To this revision."""
    op.add_column("incidents", sa.Column("location", sa.String(), nullable=True))
    op.create_table(
        "copies",
        sa.Column("id", _ID, autoincrement=True, nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("incident_id", _ID, nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("target", sa.String(), nullable=True),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("confirmed_at", sa.BigInteger(), nullable=True),
        sa.Column("withdrawn_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["incident_id"], ["incidents.id"], name=op.f("fk_copies_incident_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_copies")),
        sa.UniqueConstraint("key", name=op.f("uq_copies_key")),
    )
    with op.batch_alter_table("copies", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_copies_source"), ["source"], unique=False)
        batch_op.create_index(batch_op.f("ix_copies_incident_id"), ["incident_id"], unique=False)
    op.create_table(
        "alarms",
        sa.Column("incident_id", _ID, nullable=False),
        sa.Column("started_at", sa.BigInteger(), nullable=False),
        sa.Column("reminded_at", sa.BigInteger(), nullable=True),
        sa.Column("escalated_at", sa.BigInteger(), nullable=True),
        sa.Column("ended_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["incident_id"], ["incidents.id"], name=op.f("fk_alarms_incident_id")),
        sa.PrimaryKeyConstraint("incident_id", name=op.f("pk_alarms")),
    )
    with op.batch_alter_table("alarms", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_alarms_ended_at"), ["ended_at"], unique=False)
    op.create_table(
        "blocks",
        sa.Column("id", _ID, autoincrement=True, nullable=False),
        sa.Column("user_id", sa.String(), nullable=False),
        sa.Column("incident_id", _ID, nullable=False),
        sa.Column("by", sa.String(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("since_at", sa.BigInteger(), nullable=False),
        sa.Column("until_at", sa.BigInteger(), nullable=False),
        sa.Column("ended_by", sa.String(), nullable=True),
        sa.Column("ended_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["incident_id"], ["incidents.id"], name=op.f("fk_blocks_incident_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_blocks")),
    )
    with op.batch_alter_table("blocks", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_blocks_user_id"), ["user_id"], unique=False)
    with op.batch_alter_table("incident_history", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_incident_history_event_id"), ["event_id"], unique=False)
    with op.batch_alter_table("inbox", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_inbox_room_id_kind"), ["room_id", "kind"], unique=False)
    with op.batch_alter_table("transmissions", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_transmissions_sender_received_at"), ["sender", "received_at"], unique=False
        )


def downgrade() -> None:
    """Back to the one before."""
    with op.batch_alter_table("inbox", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_inbox_room_id_kind"))
    with op.batch_alter_table("transmissions", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_transmissions_sender_received_at"))
    with op.batch_alter_table("incident_history", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_incident_history_event_id"))
    with op.batch_alter_table("blocks", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_blocks_user_id"))
    op.drop_table("blocks")
    with op.batch_alter_table("alarms", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_alarms_ended_at"))
    op.drop_table("alarms")
    with op.batch_alter_table("copies", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_copies_incident_id"))
        batch_op.drop_index(batch_op.f("ix_copies_source"))
    op.drop_table("copies")
    op.drop_column("incidents", "location")
