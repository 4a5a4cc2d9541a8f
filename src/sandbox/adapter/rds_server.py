"""The real server behind a database instance, where the sandbox has them: `db_fleet.py` says whether."""

import json
from typing import Any

from .db_fleet import FLEET
from .db_mariadb_rds import RdsMariaDb
from .db_postgres_rds import RdsPostgres
from .db_process import free_address
from .db_server import Server
from .seed_data import value

KINDS: dict[str, type[Server]] = {"postgres": RdsPostgres, "mysql": RdsMariaDb}


def begin(instance: Any) -> None:
    """Starts the server of a new instance, in the background."""
    kind = KINDS.get(instance.engine)
    if kind is None or not FLEET.serves(instance.engine):
        return
    name = instance.db_instance_identifier
    managed = instance.master_user_secret.secret_arn if instance.manage_master_user_password else None
    server = kind(
        "rds", next((tag["Value"] for tag in instance.tags if tag["Key"] == "migrate:city"), name),
        FLEET.folder(f"rds-{name}"), free_address(int(instance.port)), instance.db_name or "",
        instance.master_username, password(instance), managed, parameters=lambda: parameters(instance),
    )
    server.aliases, server.instance = [instance.address], name
    instance.server = server
    FLEET.begin(server)


def server_for(instance: Any) -> tuple[str, int]:
    """(address, port) of an instance; without a server its name is RDS's form of one, and nothing listens there."""
    server = of(instance)
    return (server.host, server.port) if server else (instance.address, instance.port)


def status_for(instance: Any, seen: str, stages: list[tuple[str, float]]) -> str:
    """The state by the clock, `seen`, unless the server isn't that far."""
    server = of(instance)
    if server is None or seen == "deleting" or server.state in ("ready", "down", "stopped"):
        return seen
    if server.state == "failed":
        return "failed"
    return stages[0][0] if stages else "modifying"


def reboot(instance: Any, failover: bool) -> None:
    """A failover is a crash: connections die, and the server recovers from its log."""
    if server := of(instance):
        server.restart(crash=failover)


def changed(instance: Any) -> None:
    """Its password or its parameters may have changed."""
    server = of(instance)
    if server and server.state == "ready":
        if server.password != password(instance):
            server.login(password(instance))
        server.configure(rebooting=False)


def end(instance: Any) -> None:
    """The server and its data go; of a final snapshot only the record is kept."""
    if server := of(instance):
        FLEET.end(server)
        instance.server = None


def of(instance: Any) -> Server | None:
    """Moto makes snapshots and replicas as copies of an instance: the server is that of the instance itself."""
    server = vars(instance).get("server")
    return server if server and server.instance == instance.db_instance_identifier else None


def password(instance: Any) -> str:
    """The master user's password: the managed secret's, else the one that was given."""
    if not instance.manage_master_user_password:
        return instance.deferred.get("master_user_password") or instance._master_user_password or ""
    return json.loads(value(instance.master_user_secret.secret))["password"]


def parameters(instance: Any) -> dict[str, tuple[str, str]]:
    """The instance's parameter group, without what was never set: name -> (value, apply method)."""
    group = instance.backend.db_parameter_groups.get(instance.db_parameter_group_name)
    return {
        name: (one["ParameterValue"], one.get("ApplyMethod", "pending-reboot"))
        for name, one in (group.parameters.items() if group else ()) if one.get("ParameterValue") is not None
    }
