"""MariaDB in the place of RDS for MySQL: a master user with RDS's rights, RDS's procedures, parameter groups."""

from collections.abc import Callable
from typing import Any

from .db_mariadb import MariaDb, found, identifier, literal

# What only the sandbox may decide, whatever a parameter group says.
OURS = {"datadir", "bind_address", "port", "socket", "pid_file", "ssl_cert", "ssl_key", "ssl_ca", "log_bin", "init_file"}
# rds_superuser_role has these (RDS guide, master user privileges), and none of SUPER, FILE and the *_ADMIN ones.
# MariaDB wants REPLICA MONITOR for SHOW REPLICA STATUS, which MySQL has in REPLICATION CLIENT.
RIGHTS = """SELECT, INSERT, UPDATE, DELETE, CREATE, DROP, RELOAD, PROCESS, REFERENCES, INDEX, ALTER, SHOW DATABASES,
CREATE TEMPORARY TABLES, LOCK TABLES, EXECUTE, REPLICATION SLAVE, REPLICATION CLIENT, REPLICA MONITOR, CREATE VIEW,
SHOW VIEW, CREATE ROUTINE, ALTER ROUTINE, CREATE USER, EVENT, TRIGGER"""
_SOURCE = """
CREATE PROCEDURE rds_set_external_{word}(host text, port int, name text, password text, file text, pos bigint, tls int)
  CALL rds_follow(host, port, name, password, tls, CONCAT('MASTER_LOG_FILE=', QUOTE(file), ', MASTER_LOG_POS=', pos)) $$
CREATE PROCEDURE rds_reset_external_{word}() BEGIN STOP SLAVE; RESET SLAVE ALL; END $$
"""
# As RDS documents them, done with MariaDB's statements. rds_set_gtid_slave_pos is the sandbox's own: MySQL has
# GTID_PURGED there, which MariaDB has no counterpart of.
PROCEDURES = f"""
DELIMITER $$
CREATE PROCEDURE rds_follow(host text, port int, name text, password text, tls int, place text)
  EXECUTE IMMEDIATE CONCAT('CHANGE MASTER TO MASTER_HOST=', QUOTE(host), ', MASTER_PORT=', port, ', MASTER_USER=',
    QUOTE(name), ', MASTER_PASSWORD=', QUOTE(password), ', MASTER_SSL=', IF(tls, 1, 0), ', MASTER_CONNECT_RETRY=1, ',
    place) $$
{_SOURCE.format(word="source")}{_SOURCE.format(word="master")}
CREATE PROCEDURE rds_set_external_source_with_auto_position(
  host text, port int, name text, password text, tls int, delay int, channel text)
  CALL rds_follow(host, port, name, password, tls, CONCAT('MASTER_USE_GTID=slave_pos, MASTER_DELAY=', delay)) $$
CREATE PROCEDURE rds_set_external_master_with_auto_position(
  host text, port int, name text, password text, tls int, delay int)
  CALL rds_follow(host, port, name, password, tls, CONCAT('MASTER_USE_GTID=slave_pos, MASTER_DELAY=', delay)) $$
CREATE PROCEDURE rds_set_gtid_slave_pos(place text) SET GLOBAL gtid_slave_pos = place $$
CREATE PROCEDURE rds_start_replication() START SLAVE $$
CREATE PROCEDURE rds_stop_replication() STOP SLAVE $$
CREATE PROCEDURE rds_kill(thread bigint) EXECUTE IMMEDIATE CONCAT('KILL ', thread) $$
CREATE PROCEDURE rds_kill_query(thread bigint) EXECUTE IMMEDIATE CONCAT('KILL QUERY ', thread) $$
CREATE TABLE rds_configuration (name varchar(100) PRIMARY KEY, value varchar(100)) $$
INSERT INTO rds_configuration VALUES ('binlog retention hours', NULL) $$
CREATE PROCEDURE rds_set_configuration(setting text, wanted int) BEGIN
  UPDATE rds_configuration SET value = wanted WHERE name = setting;
  IF ROW_COUNT() = 0 AND NOT EXISTS (SELECT 1 FROM rds_configuration WHERE name = setting) THEN
    SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'there is no such configuration';
  END IF;
  SET GLOBAL binlog_expire_logs_seconds = COALESCE(wanted, 24) * 3600;
END $$
CREATE PROCEDURE rds_show_configuration() SELECT name, value FROM rds_configuration $$
DELIMITER ;
"""


class RdsMariaDb(MariaDb):
    """`parameters` reads the instance's parameter group: name -> (value, apply method)."""

    def __init__(self, *args: Any, parameters: Callable[[], dict[str, tuple[str, str]]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.parameters, self._known = parameters, frozenset()

    def prepare(self) -> None:
        super().prepare()
        listed = self.run([found("mariadbd"), "--no-defaults", "--verbose", "--help"])
        table = listed.split("----", 1)[-1].splitlines()
        self._known = frozenset(line.split()[0].replace("-", "_") for line in table if line.strip()) - OURS

    def settings(self, rebooting: bool) -> dict[str, str]:
        """What waits for a reboot is left out until then; so is what MySQL has and MariaDB hasn't (gtid_mode)."""
        wanted = {name.replace("-", "_"): one for name, one in self.parameters().items()}
        return {
            name: value for name, (value, how) in wanted.items()
            if name in self._known and "{" not in value and (rebooting or how == "immediate")
        }

    def fill(self) -> None:
        self.sql(PROCEDURES, "mysql")
        self.sql(f"CREATE USER {self._master()} IDENTIFIED BY {literal(self.password)};"
                 f"GRANT {RIGHTS} ON *.* TO {self._master()} WITH GRANT OPTION;")
        if self.database:
            self.sql(f"CREATE DATABASE {identifier(self.database)}")

    def login(self, password: str) -> None:
        """Gives the master user its password."""
        self.sql(f"ALTER USER {self._master()} IDENTIFIED BY {literal(password)}")
        self.password = password

    def _master(self) -> str:
        return f"{literal(self.user)}@'%'"
