"""All database servers of the sandbox: whether there are any, where they are, and that they end with it."""

import threading
import time
from pathlib import Path
from typing import Any

from . import db_mariadb, db_postgres, db_process
from .db_server import Server
from .db_tls import Authority
from .patching import on_reset

MODES = ("off", "auto", "on")


class Fleet:
    """`mode`: off (databases are records), auto (servers where they are installed), on (or an error)."""

    def __init__(self) -> None:
        self.mode, self.home, self.megabytes = "off", Path(), 20
        self.servers: list[Server] = []
        self._root: Path | None = None
        self._authority: Authority | None = None

    def configure(self, mode: str, home: Path, megabytes: int) -> None:
        self.mode, self.home, self.megabytes = mode, home.resolve(), megabytes
        db_process.clear(self.home)
        if mode != "off":
            self._root, self._authority = db_process.data_root(self.home), Authority(self.home / "ca.pem")

    def serves(self, engine: str) -> bool:
        """True if a server of this engine is to be started; an error if it must be and can't."""
        if self.mode == "off":
            return False
        missing = self.missing().get(engine)
        if missing and self.mode == "on":
            raise ValueError(missing)
        return missing is None

    def missing(self) -> dict[str, str]:
        """The engines whose servers aren't installed, each with how to get it."""
        found = {"postgres": (db_postgres.binaries(), db_postgres.MISSING),
                 "mysql": (db_mariadb.binaries(), db_mariadb.MISSING)}
        return {engine: how for engine, (folder, how) in found.items() if folder is None}

    def folder(self, name: str) -> Path:
        return self._root / f"{name}-{time.monotonic_ns():x}"

    def ca(self) -> str:
        """The file to verify the servers by."""
        return str(self._authority.path)

    def route(self, host: str, port: int) -> tuple[str, int]:
        """Where an address of a city file or of RDS really answers."""
        for server in list(self.servers):
            if getattr(server, "endpoint", None) == f"{host}:{port}":
                return server.host, server.port
        return host, port

    def begin(self, server: Server) -> None:
        self.servers.append(server)
        server.begin(self._authority)

    def crash(self, city: str, role: str) -> None:
        """A city's server (`legacy` or `rds`) dies like a machine that fails, and starts again."""
        server = self._find(city, role)
        if server.state == "down":
            raise ValueError(f"the {role} server of {city} is stopped")
        server.restart(crash=True)

    def halt(self, city: str, role: str) -> None:
        """It dies and stays away."""
        self._find(city, role).halt()

    def resume(self, city: str, role: str) -> None:
        """One that was stopped starts again, in the background."""
        server = self._find(city, role)
        if server.state == "down":
            server.restart(crash=True)

    def machine(self, instance: str, running: bool) -> None:
        """An EC2 instance was stopped or started: so is the server that runs on it, in the background."""
        for server in [one for one in self.servers if one.machine == instance]:
            if not running:
                threading.Thread(target=server.halt, daemon=True).start()
            elif server.state == "down":
                server.restart(crash=True)

    def _find(self, city: str, role: str) -> Server:
        found = [server for server in self.servers if (server.city, server.role) == (city, role)]
        if not found:
            raise ValueError(f"{city} has no {role} server")
        return found[0]

    def end(self, server: Server) -> None:
        server.stop()
        self.servers.remove(server)

    def end_all(self) -> None:
        for server in list(self.servers):
            self.end(server)

    def close(self) -> None:
        """The sandbox ends: so do they."""
        self.end_all()
        if self._root:
            db_process.leave(self.home)

    def settle(self, seconds: float) -> dict[str, Any]:
        """Waits, at most so long, until no server is starting any more."""
        end = time.monotonic() + seconds
        while any(server.state == "starting" for server in list(self.servers)) and time.monotonic() < end:
            time.sleep(0.02)
        return self.status()

    def status(self) -> dict[str, Any]:
        servers = list(self.servers)
        return {
            "mode": self.mode,
            "missing": self.missing() if self.mode != "off" else {},
            "ca": str(self._authority.path) if self._authority else None,
            "routes": {
                endpoint: f"{server.host}:{server.port}"
                for server in servers if (endpoint := getattr(server, "endpoint", None))
            },
            "servers": [server.status() for server in servers],
        }


FLEET = Fleet()
on_reset(FLEET.end_all)
