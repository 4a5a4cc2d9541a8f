"""PostgreSQL as RDS has it: an administrator of its own, a master user that is no superuser, parameter groups."""

import subprocess
import threading
import time
from collections.abc import Callable
from typing import Any

from .db_postgres import Postgres, identifier, literal

# What only the sandbox may decide, whatever a parameter group says.
OURS = {"listen_addresses", "port", "unix_socket_directories", "ssl", "ssl_cert_file", "ssl_key_file", "data_directory"}
HBA = "hostssl all all 127.0.0.0/8 scram-sha-256\n"
HBA_PLAIN = "host    all all 127.0.0.0/8 scram-sha-256\n"  # rds.force_ssl=0

# RDS's rds_superuser may make subscriptions, publications FOR ALL TABLES and the extensions that RDS offers. Where
# PostgreSQL wants a superuser for that (subscriptions: before 16), two event triggers lend the attribute for just the
# statement: the transaction that grants it takes it back, so that no other ever sees it. In pg_catalog they are not
# part of anybody's schema.
LEND = """
CREATE FUNCTION pg_catalog.rds_lend() RETURNS event_trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
DECLARE
  asks name := coalesce(nullif(current_setting('role'), 'none'), session_user);
  depth integer := coalesce(nullif(current_setting('rds.depth', true), ''), '0');
BEGIN
  IF depth > 0 THEN -- a statement of an extension's script
    PERFORM set_config('rds.depth', (depth + 1)::text, true);
  ELSIF pg_has_role(asks, 'rds_superuser', 'MEMBER') AND NOT (SELECT rolsuper FROM pg_roles WHERE rolname = asks) THEN
    EXECUTE format('ALTER ROLE %I SUPERUSER', asks);
    PERFORM set_config('rds.lent', asks, true), set_config('rds.depth', '1', true);
  END IF;
END $$;
CREATE FUNCTION pg_catalog.rds_take_back() RETURNS event_trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
DECLARE depth integer := coalesce(nullif(current_setting('rds.depth', true), ''), '0');
BEGIN
  IF depth = 1 THEN EXECUTE format('ALTER ROLE %I NOSUPERUSER', current_setting('rds.lent')); END IF;
  IF depth > 0 THEN PERFORM set_config('rds.depth', (depth - 1)::text, true); END IF;
END $$;
CREATE EVENT TRIGGER rds_lend ON ddl_command_start WHEN TAG IN ({tags}) EXECUTE FUNCTION pg_catalog.rds_lend();
CREATE EVENT TRIGGER rds_take_back ON ddl_command_end WHEN TAG IN ({tags}) EXECUTE FUNCTION pg_catalog.rds_take_back();
"""
# On RDS a member of rds_replication may replicate; PostgreSQL asks for the role's attribute, which this keeps in step.
FOLLOW = """
DO $$ DECLARE one record; BEGIN
  FOR one IN
    SELECT rolname, NOT rolreplication AS wanted FROM pg_roles
    WHERE rolcanlogin AND NOT rolsuper AND rolreplication <> pg_has_role(oid, 'rds_replication', 'MEMBER')
  LOOP EXECUTE format('ALTER ROLE %I %s', one.rolname, CASE WHEN one.wanted THEN 'REPLICATION' ELSE 'NOREPLICATION' END);
  END LOOP;
EXCEPTION WHEN OTHERS THEN NULL; -- somebody changes the same role: next time
END $$ \\watch 0.1
"""


class RdsPostgres(Postgres):
    """`parameters` reads the instance's parameter group: name -> (value, apply method)."""

    administrator, hba = "rdsadmin", HBA

    def __init__(self, *args: Any, parameters: Callable[[], dict[str, tuple[str, str]]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.parameters, self._active, self._known = parameters, {}, frozenset()
        self._follower: threading.Thread | None = None

    def prepare(self) -> None:
        super().prepare()
        listed = self.run([str(self.bin / "postgres"), "--describe-config"])
        self._known = frozenset(line.split("\t")[0] for line in listed.splitlines()) - OURS

    def settings(self, rebooting: bool) -> dict[str, str]:
        """Immediate parameters apply when the file is read again, those that wait for a reboot after one."""
        wanted = self.parameters()
        if rebooting:
            self._active = {name: value for name, (value, _) in wanted.items()}
        else:
            now = {name: value for name, (value, how) in wanted.items() if how == "immediate"}
            self._active = {**{name: value for name, value in self._active.items() if name in wanted}, **now}
        self.hba = HBA if self._active.get("rds.force_ssl", "1") == "1" else HBA_PLAIN
        replicates = self._active.get("rds.logical_replication", "0") == "1"
        own = {"wal_level": "logical" if replicates else "replica"}
        # Formulas ({DBInstanceClassMemory/…}) and what this version doesn't know stay as PostgreSQL has them.
        plain = {name: value for name, value in self._active.items() if name in self._known and "{" not in value}
        return {**own, **plain}

    def fill(self) -> None:
        master, more = identifier(self.user), "pg_checkpoint, " if self.major >= 15 else ""
        self.sql(f"""
            CREATE ROLE rds_replication; CREATE ROLE rds_password; CREATE ROLE rds_iam; CREATE ROLE rds_superuser;
            GRANT {more}pg_monitor, pg_signal_backend, rds_replication, rds_password TO rds_superuser WITH ADMIN OPTION;
            CREATE ROLE {master} LOGIN CREATEROLE CREATEDB REPLICATION IN ROLE rds_superuser;
            CREATE DATABASE rdsadmin;
            REVOKE CONNECT ON DATABASE rdsadmin FROM PUBLIC;
        """)
        if self.major >= 15:
            self.sql("GRANT SET ON PARAMETER session_replication_role TO rds_superuser")
        if self.major >= 16:
            self.sql("GRANT pg_create_subscription TO rds_superuser WITH ADMIN OPTION")
        tags = ["CREATE PUBLICATION", "ALTER PUBLICATION", "CREATE EXTENSION", "ALTER EXTENSION"]
        tags += ["CREATE SUBSCRIPTION", "ALTER SUBSCRIPTION"] if self.major < 16 else []
        self.sql(LEND.format(tags=", ".join(map(literal, tags))), "template1")
        self.sql(LEND.format(tags=", ".join(map(literal, tags))))
        self.login(self.password)
        if self.database and self.database != "postgres":
            self.sql(f"CREATE DATABASE {identifier(self.database)} OWNER {master}")

    def login(self, password: str) -> None:
        """Gives the master user its password."""
        self.password = password
        self.sql(f"ALTER ROLE {identifier(self.user)} PASSWORD {literal(password)}")

    def booted(self) -> None:
        if not self._follower:
            self._follower = threading.Thread(target=self._follow, daemon=True)
            self._follower.start()

    def _follow(self) -> None:
        while self.state != "stopped":  # its session ends with every crash of the server
            subprocess.run(self.psql("rdsadmin"), env=self.environment(), input=FOLLOW, text=True, cwd="/",
                           stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            time.sleep(0.1)
