"""The relay's own database role: it empties the outbox and sees no business table."""

from typing import Final

# Whoever makes the database makes the role, under this name; without it the relay uses the owner's.
# First everything is taken back, so that a right that a release no longer needs is gone.
GRANT_TO_RELAY: Final = """
DO $$
DECLARE
    relay constant text := current_user || '_relay';
BEGIN
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = relay) THEN
        EXECUTE format('REVOKE ALL ON ALL TABLES IN SCHEMA %I FROM %I', current_schema(), relay);
        EXECUTE format('GRANT CONNECT ON DATABASE %I TO %I', current_database(), relay);
        EXECUTE format('GRANT USAGE ON SCHEMA %I TO %I', current_schema(), relay);
        EXECUTE format('GRANT SELECT, DELETE ON outbox TO %I', relay);
        EXECUTE format('GRANT SELECT, INSERT ON outbox_parked TO %I', relay);
    END IF;
END
$$
"""
"""Run by the owner of a migrated database, within the migration's transaction."""
