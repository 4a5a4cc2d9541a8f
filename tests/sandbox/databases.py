"""What tests of real database servers share: an adapter that has them, a city's seed, a way to log in."""

import json
import os
import subprocess
from pathlib import Path

from .base import Case, running

ACCOUNT = "123456789012"


def seed(city: str = "malmo", engine: str = "postgres", host: str = "10.40.2.20", account: str = ACCOUNT) -> dict:
    """A seed whose legacy database is of that engine."""
    port = {"postgres": 5432, "mysql": 3306}[engine]
    arn = f"arn:aws:secretsmanager:eu-north-1:{account}:secret:{city}/legacy-database-AbCdEf"
    return dict(city=city, account=account, region="eu-north-1", images=[], secrets=[], legacy=dict(
        instances={"tags": {"Name": f"{city}-web"}}, addresses=["198.51.100.10"], targets=["10.40.1.10"], port=80,
        hosted_zone=f"{city}.example", records=[f"www.{city}.example"], ttl=60,
        database=dict(engine=engine, endpoint=f"{host}:{port}", name="bikes", credentials=arn)))


class Databases(Case):
    """A test class on an adapter whose databases are real."""

    account = ACCOUNT
    arguments = ("--databases", "on", "--megabytes", "1")
    speed = 60.0  # the servers live in real time

    @classmethod
    def databases(cls) -> dict:
        """The answer about servers, when none is starting any more."""
        seen = cls.control("POST", "databases", {"seconds": 120})
        assert not [s for s in seen["servers"] if s["state"] not in ("ready", "stopped")], seen
        return seen

    @classmethod
    def server(cls, role: str, city: str = "malmo") -> dict:
        return next(s for s in cls.databases()["servers"] if (s["role"], s["city"]) == (role, city))

    @classmethod
    def login(cls, server: dict) -> dict:
        """What the secret that a server names holds."""
        secret = cls.client("secretsmanager").get_secret_value(SecretId=server["password_in"])
        return json.loads(secret["SecretString"])

    @classmethod
    def home(cls) -> Path:
        return Path(running(*cls.arguments)["home"])

    @classmethod
    def psql(cls, server: dict, script: str, mode: str = "verify-full", user: str = "", password: str = "") -> str:
        """Runs SQL on a PostgreSQL server as the user of its secret; the answer, or what it says against it."""
        login = cls.login(server)
        done = subprocess.run(
            ["psql", "-XAtq", "-v", "ON_ERROR_STOP=1", "-h", server["host"], "-p", str(server["port"]),
             "-U", user or login["username"], "-d", server["name"]], input=script, capture_output=True, text=True,
            env={**os.environ, "PGPASSWORD": password or login["password"], "PGSSLMODE": mode,
                 "PGSSLROOTCERT": cls.databases()["ca"]})
        return (done.stdout + done.stderr).strip()
