"""Room on the pages of saga instances: each is updated several times within moments."""

from alembic import op

revision = "chassis_0006"
down_revision = "chassis_0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("ALTER TABLE saga_instances SET (fillfactor = 70)")


def downgrade() -> None:
    op.execute("ALTER TABLE saga_instances RESET (fillfactor)")
