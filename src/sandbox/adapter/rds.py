"""RDS instances: created, modified and deleted over time, with AWS's refusals."""

import json
import secrets
import string
from typing import Any

from moto.rds.exceptions import RDSClientError
from moto.rds.models import DBInstance, DBSnapshot, MasterUserSecret, RDSBackend
from moto.rds.responses import RDSResponse

from . import rds_server
from .clock import Clock
from .patching import wrap

BACKUP = 168  # facts/aws.md: M, initial backup
CREATE_SINGLE = [("creating", 365 - BACKUP), ("backing-up", BACKUP)]  # M, single-AZ create
CREATE_MULTI = [("creating", 420), ("modifying", 900 - 420 - BACKUP), ("backing-up", BACKUP)]  # M
DELETE = 180  # M
CONVERT_MULTI = 859  # M, convert to Multi-AZ
MODIFY = 300  # E
REBOOT = 30  # E
NEXT_WINDOW = 3600  # E: the maintenance window that deferred changes wait for
# Changes that take effect in the maintenance window, or with ApplyImmediately over time.
DEFERRED = {
    "db_instance_class": "DBInstanceClass",
    "engine_version": "EngineVersion",
    "allocated_storage": "AllocatedStorage",
    "multi_az": "MultiAZ",
    "iops": "Iops",
    "storage_type": "StorageType",
    "storage_throughput": "StorageThroughput",
    "ca_certificate_identifier": "CACertificateIdentifier",
    "backup_retention_period": "BackupRetentionPeriod",
    "master_user_password": "MasterUserPassword",
}


def in_state(instance: Any, doing: str) -> RDSClientError:
    """AWS's refusal of something that needs an available instance."""
    return RDSClientError(
        "InvalidDBInstanceState", f"{doing}: instance {instance.db_instance_identifier} is {instance.status}."
    )


def settle(backend: RDSBackend) -> None:
    """Forgets instances whose deletion is over, and applies changes whose time has come."""
    for name, instance in list(backend.databases.items()):
        if instance.status == "deleted":
            del backend.databases[name]
        elif instance.deferred and instance.clock.now() >= instance.deferred_until:
            for key, value in instance.deferred.items():
                setattr(instance, key, value)
            instance.deferred = {}
            rds_server.changed(instance)


def install(clock: Clock) -> None:
    _states(clock)
    _create(clock)
    _modify(clock)
    _delete(clock)
    _secret()

    @wrap(RDSResponse, "call_action")
    def call_action(original: Any, self: Any) -> Any:
        settle(self.backend)
        return original()


def _states(clock: Clock) -> None:
    def status(self: Any) -> str:
        born, stages, final = self.__dict__.get("journey", (0, [], "available"))
        return rds_server.status_for(self, clock.stage(born, stages, final), stages)

    def ignore(self: Any, value: str) -> None:
        """Moto sets a status where something happens; here it follows from the journey."""

    DBInstance.status = property(status, ignore)
    DBSnapshot.status = property(status, ignore)
    DBInstance.clock, DBInstance.deferred, DBInstance.deferred_until = clock, {}, 0.0

    def endpoint(self: Any) -> dict[str, Any] | None:
        if self.status == "creating":
            return None
        address, port = rds_server.server_for(self)
        return {"Address": address, "Port": port, "HostedZoneId": "Z1TTGA775OQIYO"}

    def pending(self: Any) -> dict[str, Any]:
        shown = {DEFERRED[key]: value for key, value in self.deferred.items()}
        if "MasterUserPassword" in shown:
            shown["MasterUserPassword"] = "****"
        return shown

    DBInstance.endpoint = property(endpoint)
    DBInstance.pending_modified_values = property(pending)

    @wrap(DBSnapshot, "__init__")
    def snapshot(original: Any, self: Any, *args: Any, **kwargs: Any) -> None:
        original(*args, **kwargs)
        self.journey = (clock.now(), [("creating", BACKUP)], "available")


def _create(clock: Clock) -> None:
    @wrap(DBInstance, "__init__")
    def init(original: Any, self: Any, backend: Any, **kwargs: Any) -> None:
        original(backend, **kwargs)
        stages = CREATE_MULTI if self.multi_az else CREATE_SINGLE
        if self.backup_retention_period == 0:
            stages = stages[:-1]
        self.journey = (clock.now(), stages, "available")
        alphabet = string.ascii_uppercase + "234567"
        self.dbi_resource_id = "db-" + "".join(secrets.choice(alphabet) for _ in range(26))
        self.performance_insights_enabled = kwargs.get("enable_performance_insights") or False
        if self.performance_insights_enabled:
            self.performance_insights_retention_period = kwargs.get("performance_insights_retention_period") or 7
            self.performance_insights_kms_key_id = kwargs.get("performance_insights_kms_key_id")
        zones = [s.availability_zone for s in self.db_subnet_group._subnets] if "db_subnet_group" in vars(self) else []
        if zones:
            self.availability_zone = kwargs.get("availability_zone") or zones[0]
        if self.multi_az and len(set(zones)) > 1:
            self.secondary_availability_zone = next(z for z in zones if z != self.availability_zone)

    @wrap(RDSBackend, "create_db_instance")
    def create(original: Any, self: Any, db_kwargs: Any) -> Any:
        settle(self)
        managed, password = db_kwargs.get("manage_master_user_password"), db_kwargs.get("master_user_password")
        if managed and password:
            raise RDSClientError(
                "InvalidParameterCombination",
                "You can't specify MasterUserPassword and ManageMasterUserPassword at the same time.",
            )
        instance = original(db_kwargs)
        try:
            rds_server.begin(instance)
        except ValueError as error:  # servers were asked for, and this engine's isn't installed
            del self.databases[instance.db_instance_identifier]
            raise RDSClientError("InvalidParameterValue", str(error)) from error
        return instance


def _modify(clock: Clock) -> None:
    @wrap(RDSBackend, "modify_db_instance")
    def modify(original: Any, self: Any, db_instance_identifier: str, db_kwargs: Any) -> Any:
        instance = self.describe_db_instances(db_instance_identifier)[0]
        if instance.status != "available":
            raise in_state(instance, "Database instance is not in available state")
        at_once = bool(db_kwargs.get("apply_immediately"))
        changes = {key: value for key, value in _plain(db_kwargs).items() if value is not None}
        later = {key: changes.pop(key) for key in list(changes) if key in DEFERRED}
        later = {key: value for key, value in later.items() if _current(instance, key) != value}
        group = instance.db_parameter_group_name
        insights = changes.pop("enable_performance_insights", None)
        original(db_instance_identifier, changes)
        if insights is not None:
            instance.performance_insights_enabled = insights
            instance.performance_insights_retention_period = (
                changes.get("performance_insights_retention_period") or 7 if insights else None)
        if instance.db_parameter_group_name != group:
            instance.parameter_apply_status = "pending-reboot"
        if later:
            lasts = CONVERT_MULTI if later.get("multi_az") else MODIFY
            instance.deferred = {**instance.deferred, **later}
            instance.deferred_until = clock.now() + (lasts if at_once else NEXT_WINDOW)
            if at_once:
                instance.journey = (clock.now(), [("modifying", lasts)], "available")
        rds_server.changed(instance)
        return instance

    @wrap(RDSBackend, "reboot_db_instance")
    def reboot(original: Any, self: Any, db_instance_identifier: str) -> Any:
        instance = original(db_instance_identifier)
        if instance.status != "available":
            raise in_state(instance, "Cannot reboot")
        instance.journey = (clock.now(), [("rebooting", REBOOT)], "available")
        instance.parameter_apply_status = "in-sync"
        rds_server.reboot(instance, self.__dict__.pop("failover", False))
        return instance

    @wrap(RDSResponse, "reboot_db_instance")
    def reboot_call(original: Any, self: Any) -> Any:
        instance = self.backend.describe_db_instances(self.params.get("DBInstanceIdentifier"))[0]
        failover = bool(self.params.get("ForceFailover"))
        if failover and not instance.multi_az:
            raise RDSClientError(
                "InvalidParameterCombination",
                "Cannot force failover on a DB instance that is not configured for Multi-AZ.")
        self.backend.failover = failover
        answer = original()
        if failover and (other := getattr(instance, "secondary_availability_zone", None)):
            instance.availability_zone, instance.secondary_availability_zone = other, instance.availability_zone
        return answer


def _current(instance: Any, key: str) -> Any:
    """A property of moto's instance; its password only has a setter."""
    return getattr(instance, "_master_user_password" if key == "master_user_password" else key, None)


def _plain(params: Any) -> dict[str, Any]:
    """Moto's request parameters under their Python names."""
    from botocore import xform_name

    return {xform_name(key): params[key] for key in params}


def _delete(clock: Clock) -> None:
    @wrap(RDSBackend, "delete_db_instance")
    def delete(
        original: Any,
        self: Any,
        db_instance_identifier: str,
        final_db_snapshot_identifier: str | None = None,
        skip_final_snapshot: bool | None = False,
        delete_automated_backups: bool | None = True,
    ) -> Any:
        instance = self.describe_db_instances(db_instance_identifier)[0]
        if instance.status == "deleting":
            raise in_state(instance, "Already being deleted")
        if not instance.deletion_protection:
            if bool(final_db_snapshot_identifier) == bool(skip_final_snapshot):
                raise RDSClientError(
                    "InvalidParameterCombination",
                    "FinalDBSnapshotIdentifier is required unless SkipFinalSnapshot is specified."
                    if not skip_final_snapshot
                    else "FinalDBSnapshotIdentifier can not be specified when deleting with SkipFinalSnapshot.",
                )
            if final_db_snapshot_identifier and instance.status != "available":
                raise in_state(instance, "Cannot create a final snapshot")
        deleted = original(
            db_instance_identifier, final_db_snapshot_identifier, skip_final_snapshot, delete_automated_backups
        )
        lasts = DELETE + (BACKUP if final_db_snapshot_identifier else 0)
        deleted.journey = (clock.now(), [("deleting", lasts)], "deleted")
        self.databases[deleted.db_instance_identifier] = deleted
        rds_server.end(deleted)
        return deleted


def _secret() -> None:
    @wrap(MasterUserSecret, "_generate_secret_string")
    def generate(original: Any, self: Any) -> str:
        return json.dumps({"username": self.resource.master_username, "password": secrets.token_urlsafe(24)})
