"""RDS subnet and parameter groups: duplicates and uses are refused, parameters listed by source."""

from typing import Any

from moto.core.responses import ActionResult
from moto.rds.exceptions import DBParameterGroupNotFoundError, RDSClientError
from moto.rds.models import DBInstance, RDSBackend
from moto.rds.responses import RDSResponse

from . import rds_server
from .clock import Clock
from .patching import wrap


def family(engine: str, version: str) -> str:
    """The parameter group family of an engine's version: postgres16, mysql8.0."""
    parts = version.split(".")
    return engine + (parts[0] if engine == "postgres" else ".".join(parts[:2]))


def install(clock: Clock) -> None:
    _subnet_groups()
    _parameter_groups()
    _parameters()


def _subnet_groups() -> None:
    @wrap(RDSBackend, "create_subnet_group")
    def create(original: Any, self: Any, subnet_name: str, description: str, subnets: list, tags: list) -> Any:
        subnet_name = subnet_name.lower()
        if subnet_name in self.subnet_groups:
            raise RDSClientError("DBSubnetGroupAlreadyExists", f"The DB subnet group '{subnet_name}' already exists.")
        _covers(subnets)
        return original(subnet_name, description, subnets, tags)

    @wrap(RDSBackend, "modify_db_subnet_group")
    def modify(original: Any, self: Any, subnet_name: str, description: str, subnets: list) -> Any:
        group = self.describe_db_subnet_groups(subnet_name)[0]
        _covers(subnets)
        group.subnets = subnets
        if description is not None:
            group.description = description
        return group

    @wrap(RDSBackend, "delete_subnet_group")
    def delete(original: Any, self: Any, subnet_name: str) -> Any:
        users = [d for d in self.databases.values() if getattr(d, "_db_subnet_group_name", None) == subnet_name]
        if users:
            raise RDSClientError(
                "InvalidDBSubnetGroupStateFault",
                f"Cannot delete the subnet group '{subnet_name}' because at least one database instance: "
                f"{users[0].db_instance_identifier} is still using it.",
            )
        return original(subnet_name)


def _covers(subnets: list) -> None:
    if len({subnet.availability_zone for subnet in subnets}) < 2:
        raise RDSClientError(
            "DBSubnetGroupDoesNotCoverEnoughAZs",
            "The DB subnet group doesn't meet Availability Zone (AZ) coverage requirement. "
            "Add subnets to cover at least 2 AZs.",
        )


def _parameter_groups() -> None:
    @wrap(DBInstance, "default_db_parameter_group_details")
    def default(original: Any, self: Any) -> tuple[str, str]:
        name = family(self.engine, self.engine_version)
        return name, f"default.{name}"

    @wrap(RDSBackend, "describe_db_parameter_groups")
    def describe(original: Any, self: Any, kwargs: Any) -> list:
        found, name = original(kwargs), kwargs.get("db_parameter_group_name")
        if name and not found:
            raise DBParameterGroupNotFoundError(name)
        return found

    @wrap(RDSBackend, "delete_db_parameter_group")
    def delete(original: Any, self: Any, db_parameter_group_name: str) -> Any:
        if db_parameter_group_name.startswith("default."):
            raise RDSClientError(
                "InvalidDBParameterGroupState", "Default DBParameterGroup cannot be deleted: " + db_parameter_group_name)
        if any(d.db_parameter_group_name == db_parameter_group_name for d in self.databases.values()):
            raise RDSClientError(
                "InvalidDBParameterGroupState",
                "One or more database instances are still members of this parameter group "
                f"{db_parameter_group_name}, so the group cannot be deleted",
            )
        return original(db_parameter_group_name)

    DBInstance.parameter_apply_status = "in-sync"

    def statuses(self: Any) -> list[dict[str, str]]:
        return [
            {"DBParameterGroupName": group.name, "ParameterApplyStatus": self.parameter_apply_status}
            for group in self.db_parameter_groups()
        ]

    DBInstance.db_parameter_group_status_list = property(statuses)


def _parameters() -> None:
    @wrap(RDSBackend, "modify_db_parameter_group")
    def modify(original: Any, self: Any, db_parameter_group_name: str, parameters: list) -> Any:
        parameters = list(parameters)
        if len(parameters) > 20:
            raise RDSClientError("InvalidParameterValue", "No more than 20 parameters may be modified in one request")
        for parameter in parameters:
            parameter.update({"Source": "user", "IsModifiable": True})
            parameter.setdefault("ApplyType", "static" if parameter.get("ApplyMethod") == "pending-reboot" else "dynamic")
            parameter.setdefault("DataType", "string")
        group = original(db_parameter_group_name, parameters)
        users = [d for d in self.databases.values() if d.db_parameter_group_name == db_parameter_group_name]
        for instance in users:
            if any(parameter.get("ApplyMethod") == "pending-reboot" for parameter in parameters):
                instance.parameter_apply_status = "pending-reboot"
            rds_server.changed(instance)
        return group

    @wrap(RDSResponse, "describe_db_parameters")
    def describe(original: Any, self: Any) -> ActionResult:
        name, source = self.params.get("DBParameterGroupName"), self.params.get("Source")
        group = self.backend.describe_db_parameter_groups({"db_parameter_group_name": name})[0]
        return ActionResult({"Parameters": list(group.parameters.values()) if source in (None, "user") else []})

    def reset(self: Any) -> ActionResult:
        name = self.params["DBParameterGroupName"]
        group = self.backend.describe_db_parameter_groups({"db_parameter_group_name": name})[0]
        if self.params.get("ResetAllParameters"):
            group.parameters.clear()
        for parameter in self.params.get("Parameters") or []:
            group.parameters.pop(parameter["ParameterName"], None)
        return ActionResult({"DBParameterGroupName": name})

    RDSResponse.reset_db_parameter_group = reset
