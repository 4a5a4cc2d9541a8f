"""A MariaDB server of the sandbox, for the engine mysql: the system's own package, with TLS and a row binlog."""

import os
import secrets
import shutil
from pathlib import Path
from typing import Any

from .db_process import as_user, own
from .db_server import Server
from .db_tls import Authority

MISSING = "MariaDB isn't installed (Debian, Ubuntu: apt-get install mariadb-server; macOS: brew install mariadb)"
PATHS = "/usr/sbin:/usr/bin:/usr/local/sbin:/usr/local/bin:/opt/homebrew/bin"
ADMINISTRATOR = "rdsadmin"


def found(name: str) -> str | None:
    return shutil.which(name) or shutil.which(name, path=PATHS)


def binaries() -> Path | None:
    """The folder of the server, if it is installed; None without one."""
    server = found("mariadbd")
    return Path(server).parent if server and found("mariadb-install-db") and found("mariadb") else None


class MariaDb(Server):
    """A server as its own administrator installs it."""

    engine, account_of, calm_signal, last_signal = "mysql", "mysql", "TERM", "KILL"

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._temporary = self.folder / "tmp"
        self.secret, self.ca = secrets.token_urlsafe(18), None
        self.server_id = 1 + secrets.randbelow(2**31)

    def begin(self, authority: Authority) -> None:
        self.ca = authority.path
        super().begin(authority)

    def prepare(self) -> None:
        # Of its own: a server that starts removes the temporary tables of all others from the folder that they share.
        self._temporary.mkdir()
        own(self._temporary, self.account_of)
        self.run(as_user(self.account_of, [
            found("mariadb-install-db"), "--no-defaults", f"--datadir={self.data}", f"--tmpdir={self._temporary}",
            "--skip-test-db", "--auth-root-authentication-method=normal",
        ]), cwd="/")
        first = self._first_script()
        first.touch(mode=0o600)
        first.write_text(
            f"CREATE USER {ADMINISTRATOR}@'127.%' IDENTIFIED BY '{self.secret}' REQUIRE SSL;\n"
            f"GRANT ALL ON *.* TO {ADMINISTRATOR}@'127.%' WITH GRANT OPTION;\n"
            "DELETE FROM mysql.global_priv WHERE User NOT IN ('rdsadmin', 'mariadb.sys');\nFLUSH PRIVILEGES;\n")
        own(first, self.account_of)
        said = self.run([found("mariadbd"), "--no-defaults", "--version"])
        self.version = said.split("Ver", 1)[1].split()[0].split("-")[0] + "-MariaDB"

    def _first_script(self) -> Path:
        return self.folder / "first.sql"

    def settings(self, rebooting: bool) -> dict[str, str]:
        """What its configuration says beyond MariaDB's defaults."""
        return {"require_secure_transport": "ON"}

    def configure(self, rebooting: bool) -> None:
        settings = self.settings(rebooting)
        base = {
            "datadir": str(self.data), "bind_address": self.host, "port": str(self.port), "socket": "sock",
            "pid_file": str(self.folder / "pid"), "tmpdir": str(self._temporary), "ssl_cert": str(self.folder / "server.crt"),
            "ssl_key": str(self.folder / "server.key"), "server_id": str(self.server_id),
            "log_bin": "binlog", "binlog_format": "ROW", "log_slave_updates": "ON", "sync_binlog": "1",
            "innodb_buffer_pool_size": "128M", "character_set_server": "utf8mb4", "skip_name_resolve": "ON",
            "default_time_zone": "+00:00", "max_connections": "200", "event_scheduler": "ON",  # as MySQL 8
            "log_bin_trust_function_creators": "ON",
            "slave_parallel_threads": "4",  # as MySQL 8: a follower keeps up with many who write
        }
        if self._first_script().exists():
            base["init_file"] = str(self._first_script())
        path = self.folder / "my.cnf"
        path.write_text("".join(f"{line}\n" for line in (
            "[mariadbd]", *(f"{name} = {value}" for name, value in {**base, **settings}.items()))))
        own(path, self.account_of)
        if not rebooting:
            for name, value in settings.items():
                self._set_global(name, value)

    def _set_global(self, name: str, value: str) -> None:
        try:
            self.sql(f"SET GLOBAL {name} = {value if value.replace('.', '', 1).isdigit() else literal(value)}")
        except RuntimeError as error:
            if "1238" not in str(error):  # read only: after the next reboot
                raise

    def command(self) -> list[str]:
        return [found("mariadbd"), f"--defaults-file={self.folder / 'my.cnf'}"]

    def answers(self) -> bool:
        try:
            self.sql("SELECT 1")
        except RuntimeError:
            return False
        self._first_script().unlink(missing_ok=True)
        return True

    def sql(self, script: str, database: str = "", user: str | None = None) -> str:
        """Runs a script by the client, as the administrator unless told otherwise."""
        password = self.password if user == self.user else self.secret
        return self.run(
            [found("mariadb"), "--no-defaults", "--batch", "--skip-column-names", f"--host={self.host}",
             f"--port={self.port}", f"--user={user or ADMINISTRATOR}", f"--ssl-ca={self.ca}",
             "--ssl-verify-server-cert", "--default-character-set=utf8mb4", "--connect-timeout=10",
             *([database] if database else [])],
            input=script, env={"PATH": os.environ.get("PATH", ""), "MYSQL_PWD": password})


def literal(text: str) -> str:
    """Text as an SQL literal."""
    return "'" + text.replace("\\", "\\\\").replace("'", "''") + "'"


def identifier(text: str) -> str:
    """Text as an SQL identifier."""
    return "`" + text.replace("`", "``") + "`"
