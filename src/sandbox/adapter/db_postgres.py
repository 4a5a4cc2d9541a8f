"""A PostgreSQL server of the sandbox: the system's own package, with TLS and logical replication."""

import os
import re
import secrets
import shutil
from pathlib import Path
from typing import Any

from .db_process import as_user, own
from .db_server import Server
from .db_tls import Authority

OLDEST = 13
MISSING = "PostgreSQL isn't installed (Debian, Ubuntu: apt-get install postgresql; macOS: brew install postgresql)"
HBA = """\
hostssl all         all 127.0.0.0/8 scram-sha-256
hostssl replication all 127.0.0.0/8 scram-sha-256
"""


def binaries() -> Path | None:
    """The folder of the newest PostgreSQL that is installed, servers included; None without one."""
    found = [Path(folder) for folder in Path("/usr/lib/postgresql").glob("*/bin")]
    if on_path := shutil.which("initdb"):
        found.append(Path(on_path).resolve().parent)
    usable = [(major(folder), folder) for folder in found if (folder / "initdb").exists()]
    best = max(usable, default=(0, None))
    return best[1] if best[0] >= OLDEST else None


def major(folder: Path) -> int:
    """The version in the path: /usr/lib/postgresql/15/bin, /opt/homebrew/Cellar/postgresql@16/16.4/bin."""
    number = re.search(r"(\d+)(\.\d+)?$", folder.parent.name)
    return int(number[1]) if number else 0


class Postgres(Server):
    """A server as its own administrator installs it."""

    engine, account_of, calm_signal, last_signal = "postgres", "postgres", "INT", "QUIT"
    administrator, hba = "postgres", HBA

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.bin, self.secret = binaries(), secrets.token_urlsafe(18)
        self.major = major(self.bin)
        self.ca: Path | None = None

    def begin(self, authority: Authority) -> None:
        self.ca = authority.path
        super().begin(authority)

    def prepare(self) -> None:
        password = self.folder / "password"
        password.touch(mode=0o600)
        password.write_text(self.secret)
        own(password, self.account_of)
        # Not synced: a new data folder that a power cut takes is made again.
        self.run(as_user(self.account_of, [
            str(self.bin / "initdb"), "--pgdata", str(self.data), "--username", self.administrator, "--no-sync",
            "--encoding=UTF8", "--locale=C.UTF-8" if os.uname().sysname == "Linux" else "--no-locale",
            "--auth=scram-sha-256", "--pwfile", str(password),
        ]), cwd="/")
        password.unlink()
        with (self.data / "postgresql.conf").open("a") as file:
            file.write("include 'sandbox.conf'\n")
        self.version = self.run([str(self.bin / "postgres"), "--version"]).split()[2]

    def settings(self, rebooting: bool) -> dict[str, str]:
        """What its configuration says beyond PostgreSQL's defaults."""
        return {"wal_level": "logical"}

    def configure(self, rebooting: bool) -> None:
        base = {
            "listen_addresses": self.host, "port": str(self.port), "unix_socket_directories": "", "ssl": "on",
            "ssl_cert_file": str(self.folder / "server.crt"), "ssl_key_file": str(self.folder / "server.key"),
            "password_encryption": "scram-sha-256", "max_connections": "200", "max_wal_senders": "20",
            "max_replication_slots": "20", "log_timezone": "UTC", "timezone": "UTC",
            "cluster_name": f"{self.role} {self.city}"[:63],
        }
        lines = [f"{name} = '{_quoted(value)}'\n" for name, value in {**base, **self.settings(rebooting)}.items()]
        (self.data / "sandbox.conf").write_text("".join(lines))
        (self.data / "pg_hba.conf").write_text(self.hba)
        for name in ("sandbox.conf", "pg_hba.conf"):
            own(self.data / name, self.account_of)
        if not rebooting:
            self.sql("SELECT pg_reload_conf()")

    def command(self) -> list[str]:
        return [str(self.bin / "postgres"), "-D", str(self.data)]

    def answers(self) -> bool:
        try:
            self.run([str(self.bin / "pg_isready"), "--host", self.host, "--port", str(self.port), "--timeout=2"])
        except RuntimeError:
            return False
        return True

    def sql(self, script: str, database: str = "postgres", user: str | None = None) -> str:
        """Runs a script by psql, as the administrator unless told otherwise."""
        return self.run(
            self.psql(database, user), input=script, env=self.environment(user))

    def psql(self, database: str, user: str | None = None) -> list[str]:
        return [
            str(self.bin / "psql"), "-XqAt", "-v", "ON_ERROR_STOP=1", "-h", self.host, "-p", str(self.port),
            "-U", user or self.administrator, "-d", database,
        ]

    def environment(self, user: str | None = None) -> dict[str, str]:
        password = self.password if user == self.user else self.secret
        return {"PATH": os.environ.get("PATH", ""), "PGPASSWORD": password, "PGSSLMODE": "verify-full",
                "PGSSLROOTCERT": str(self.ca), "PGCONNECT_TIMEOUT": "10"}


def _quoted(text: str) -> str:
    return text.replace("'", "''")


def literal(text: str) -> str:
    """Text as an SQL literal."""
    return "'" + _quoted(text) + "'"


def identifier(text: str) -> str:
    """Text as an SQL identifier."""
    return '"' + text.replace('"', '""') + '"'
