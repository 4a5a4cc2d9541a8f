"""Somebody who rides bikes: writes to a city's database while the sandbox runs, and goes where the city's secret leads.

Each ride has a number. It counts when the server has acknowledged it; one whose answer was lost is written again under
its number, so that it is there once. What a service of the city would notice of a move, the rider notices.
"""

import os
import queue
import subprocess
import threading
import time
from collections.abc import Callable
from typing import Any

from . import db_mariadb
from .db_postgres import binaries as postgres_binaries

FIRST = 1_000_000_000  # numbers of trips that the data doesn't have
PATIENCE = 5  # seconds for an answer

_POSTGRES = """WITH ride AS (INSERT INTO trips (trip_id, bike_id, rider_id, start_station_id, end_station_id, \
started_at, ended_at, distance_meters) SELECT {id}, bike_id, 1 + {id} % 50, s.station_id, s.station_id, \
now() - interval '9 minutes', now(), 1200 FROM (SELECT 1 + {id} % 100 AS bike_id) b, \
(SELECT station_id FROM stations ORDER BY station_id OFFSET {id} % 40 LIMIT 1) s ON CONFLICT (trip_id) DO NOTHING \
RETURNING trip_id) INSERT INTO payments (payment_id, trip_id, amount, currency, paid_at, provider, token) \
SELECT md5('ride ' || trip_id)::uuid, trip_id, 3.35, 'SEK', now(), 'card', '\\x00' FROM ride; SELECT {id};
"""
_MYSQL = """INSERT INTO trips (trip_id, bike_id, rider_id, start_station_id, end_station_id, started_at, ended_at, \
distance_meters) SELECT {id}, 1 + {id} % 100, 1 + {id} % 50, station_id, station_id, \
utc_timestamp(6) - INTERVAL 9 MINUTE, utc_timestamp(6), 1200 FROM stations ORDER BY station_id LIMIT 1 \
ON DUPLICATE KEY UPDATE trips.trip_id = trips.trip_id; SELECT {id};
"""


class Rider:
    """`login` reads the secret: a new one each time that the database has turned the rider away.
    `route` says where an address of it really answers."""

    def __init__(
        self, engine: str, ca: str, per_second: float, login: Callable[[], dict[str, Any]],
        route: Callable[[str, int], tuple[str, int]],
    ) -> None:
        self.engine, self.ca, self.per_second, self.login, self.route = engine, ca, per_second, login, route
        self.acknowledged, self.turned_away, self.longest, self.at = 0, 0, 0.0, None
        self._stopped = threading.Event()
        self._client: subprocess.Popen | None = None
        self._answers: queue.Queue[str | None] = queue.Queue()

    def begin(self) -> None:
        threading.Thread(target=self._ride, daemon=True).start()

    def stop(self) -> None:
        self._stopped.set()
        self._leave()

    def status(self) -> dict[str, Any]:
        return {
            "per_second": self.per_second, "acknowledged": self.acknowledged, "turned_away": self.turned_away,
            "longest_wait_ms": round(self.longest * 1000), "at": self.at,
        }

    def _ride(self) -> None:
        statement = _POSTGRES if self.engine == "postgres" else _MYSQL
        number = FIRST + 1
        while not self._stopped.is_set():
            begun = time.monotonic()
            while not self._write(statement.format(id=number), str(number)):
                self.turned_away += 1
                self._leave()
                if self._stopped.wait(0.02):
                    return
            if number > FIRST + 1:  # the first one waits for the connection only
                self.longest = max(self.longest, time.monotonic() - begun)
            self.acknowledged, number = self.acknowledged + 1, number + 1
            self._stopped.wait(max(0.0, 1 / self.per_second - (time.monotonic() - begun)))

    def _write(self, statement: str, answer: str) -> bool:
        try:
            if self._client is None:
                self._connect()
            self._client.stdin.write(statement)
            self._client.stdin.flush()
            return self._answers.get(timeout=PATIENCE) == answer
        except (OSError, ValueError, KeyError, AttributeError, queue.Empty):
            return False

    def _connect(self) -> None:
        login = self.login()
        host, port = self.route(login["host"], int(login["port"]))
        command, environment = self._command(host, port, login)
        self._client = client = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, bufsize=1,
            env={"PATH": os.environ.get("PATH", os.defpath), **environment}, cwd="/")
        self._answers = answers = queue.Queue()

        def listen() -> None:
            for line in client.stdout:
                answers.put(line.strip())
            answers.put(None)

        threading.Thread(target=listen, daemon=True).start()
        self.at = f"{login['host']}:{login['port']}"

    def _command(self, host: str, port: int, login: dict[str, Any]) -> tuple[list[str], dict[str, str]]:
        user, password, database = login["username"], login["password"], login["dbname"]
        if self.engine == "postgres":
            return [
                str(postgres_binaries() / "psql"), "-XqAt", "-v", "ON_ERROR_STOP=1", "-h", host, "-p", str(port), "-U", user,
                "-d", database,
            ], {"PGPASSWORD": password, "PGSSLMODE": "verify-full", "PGSSLROOTCERT": self.ca, "PGCONNECT_TIMEOUT": "3"}
        return [
            db_mariadb.found("mariadb"), "--no-defaults", "--batch", "--skip-column-names", "--unbuffered",
            f"--host={host}", f"--port={port}", f"--user={user}", f"--ssl-ca={self.ca}", "--ssl-verify-server-cert",
            "--connect-timeout=3", database,
        ], {"MYSQL_PWD": password}

    def _leave(self) -> None:
        client, self._client = self._client, None
        if client:
            client.kill()
            client.wait()
