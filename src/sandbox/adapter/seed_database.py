"""The server of a city's legacy database: as somebody once set it up on a machine of his own, filled and in use."""

import json
from typing import Any

from moto.secretsmanager.models import secretsmanager_backends

from . import bikes_mysql, bikes_postgres, db_mariadb
from .db_fleet import FLEET
from .db_mariadb import MariaDb
from .db_postgres import Postgres, identifier, literal
from .db_process import free_address
from .db_server import Server
from .rider import Rider
from .seed_data import value
from .seed_legacy import database_address


class Ridden:
    """A server whose city is in use."""

    rider: Rider | None = None

    def booted(self) -> None:
        super().booted()
        if self.rider and not self.rider.acknowledged:
            self.rider.begin()

    def stop(self) -> None:
        if self.rider:
            self.rider.stop()
        super().stop()

    def status(self) -> dict[str, Any]:
        return {**super().status(), "rides": self.rider.status() if self.rider else None}


class LegacyPostgres(Ridden, Postgres):
    """The application logs in as the owner of its tables, who is a superuser: without that PostgreSQL before 16
    couldn't follow another server on the way back."""

    def fill(self) -> None:
        user, name = identifier(self.user), identifier(self.database)
        self.sql(f"CREATE ROLE {user} LOGIN SUPERUSER PASSWORD {literal(self.password)}; CREATE ROLE report;")
        self.sql(f"CREATE DATABASE {name} OWNER {user}")
        self.sql(bikes_postgres.script(self.city, FLEET.megabytes), self.database, self.user)


class LegacyMariaDb(Ridden, MariaDb):
    """The application may do everything, as where nobody has given it a thought; it comes from any machine."""

    def fill(self) -> None:
        user, name = f"{db_mariadb.literal(self.user)}@'%'", db_mariadb.identifier(self.database)
        self.sql(f"CREATE USER {user} IDENTIFIED BY {db_mariadb.literal(self.password)};"
                 f"GRANT ALL ON *.* TO {user} WITH GRANT OPTION; CREATE ROLE report; CREATE DATABASE {name};")
        self.sql(bikes_mysql.script(self.city, FLEET.megabytes), self.database, self.user)
        self.sql(f"GRANT SELECT ON {name}.station_occupancy TO report")


KINDS: dict[str, type[Server]] = {"postgres": LegacyPostgres, "mysql": LegacyMariaDb}


def begin(city: str, account: str, legacy: dict[str, Any], machine: str) -> None:
    """Starts it in the background on an EC2 instance, with the credentials of the secret that the city file names."""
    database = legacy["database"]
    kind = KINDS.get(database["engine"])
    if kind is None or not FLEET.serves(database["engine"]):
        return
    host, port = database_address(legacy)
    arn = database["credentials"]

    def read() -> dict[str, Any]:
        return json.loads(value(secretsmanager_backends[account][arn.split(":")[3]].secrets[arn]))

    login = read()
    server = kind(
        "legacy", city, FLEET.folder(f"legacy-{city}"), free_address(port), login["dbname"], login["username"],
        login["password"], arn,
    )
    server.endpoint, server.aliases, server.machine = f"{host}:{port}", [host], machine
    if rides := float(database.get("rides") or 0):
        server.rider = Rider(server.engine, FLEET.ca(), rides, read, FLEET.route)
    FLEET.begin(server)
