"""What RDS has on offer: engine versions and instance classes of PostgreSQL and MySQL."""

from typing import Any

from moto.core.responses import ActionResult
from moto.rds.exceptions import RDSClientError
from moto.rds.responses import RDSResponse

from .clock import Clock
from .rds_groups import family

# Documentation of RDS, the versions on standard support (D).
VERSIONS = {
    "postgres": ["14.17", "14.18", "15.12", "15.13", "16.6", "16.8", "16.9", "16.10", "17.4", "17.5", "17.6"],
    "mysql": ["8.0.40", "8.0.41", "8.0.42", "8.0.43", "8.4.4", "8.4.5", "8.4.6"],
}
LOGS = {"postgres": ["postgresql", "upgrade"], "mysql": ["audit", "error", "general", "slowquery"]}
CLASSES = [
    f"db.{family_}.{size}"
    for family_, sizes in {
        "t3": "micro small medium large xlarge 2xlarge",
        "t4g": "micro small medium large xlarge 2xlarge",
        "m5": "large xlarge 2xlarge 4xlarge",
        "m6g": "large xlarge 2xlarge 4xlarge",
        "m7g": "large xlarge 2xlarge 4xlarge",
        "r6g": "large xlarge 2xlarge 4xlarge",
    }.items()
    for size in sizes.split()
]


def install(clock: Clock) -> None:
    RDSResponse.describe_db_engine_versions = _versions
    RDSResponse.describe_orderable_db_instance_options = _orderable


def _chosen(params: Any) -> list[tuple[str, str]]:
    engine, version = params.get("Engine"), params.get("EngineVersion")
    if engine and engine not in VERSIONS:
        raise RDSClientError("InvalidParameterValue", f"Unrecognized engine name: {engine}")
    return [
        (name, number)
        for name, numbers in VERSIONS.items()
        for number in numbers
        if engine in (None, name) and (version is None or number == version or number.startswith(version + "."))
    ]


def _versions(self: Any) -> ActionResult:
    chosen = _chosen(self.params)
    if self.params.get("DefaultOnly"):
        chosen = list({engine: (engine, number) for engine, number in chosen}.values())
    wanted = self.params.get("DBParameterGroupFamily")
    return ActionResult({"DBEngineVersions": [
        {
            "Engine": engine,
            "EngineVersion": number,
            "MajorEngineVersion": family(engine, number).removeprefix(engine),
            "DBParameterGroupFamily": family(engine, number),
            "DBEngineDescription": {"postgres": "PostgreSQL", "mysql": "MySQL Community Edition"}[engine],
            "DBEngineVersionDescription": f"{engine} {number}",
            "ExportableLogTypes": LOGS[engine],
            "SupportsLogExportsToCloudwatchLogs": True,
            "SupportsReadReplica": True,
            "Status": "available",
            "ValidUpgradeTarget": [
                {"Engine": engine, "EngineVersion": later, "AutoUpgrade": False,
                 "IsMajorVersionUpgrade": family(engine, later) != family(engine, number)}
                for later in VERSIONS[engine][VERSIONS[engine].index(number) + 1:]
            ],
        }
        for engine, number in chosen
        if wanted in (None, family(engine, number))
    ]})


def _orderable(self: Any) -> ActionResult:
    wanted = self.params.get("DBInstanceClass")
    zones = [{"Name": f"{self.region}{letter}"} for letter in "abc"]
    return ActionResult({"OrderableDBInstanceOptions": [
        {
            "Engine": engine,
            "EngineVersion": number,
            "DBInstanceClass": name,
            "LicenseModel": "postgresql-license" if engine == "postgres" else "general-public-license",
            "AvailabilityZones": zones,
            "MultiAZCapable": True,
            "ReadReplicaCapable": True,
            "Vpc": True,
            "StorageType": "gp3",
            "MinStorageSize": 20,
            "MaxStorageSize": 65536,
            "SupportsStorageEncryption": True,
            "SupportsIAMDatabaseAuthentication": True,
            "SupportsPerformanceInsights": True,
            "SupportsStorageAutoscaling": True,
        }
        for engine, number in _chosen(self.params)
        for name in CLASSES
        if wanted in (None, name)
    ]})
