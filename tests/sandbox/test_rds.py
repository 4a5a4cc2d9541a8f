"""RDS: life of an instance, refusals, groups, catalogue."""

import json
import unittest

from .base import Case

SPEC = dict(
    DBInstanceIdentifier="malmo", DBInstanceClass="db.t4g.medium", Engine="postgres", EngineVersion="16.8",
    AllocatedStorage=50, MaxAllocatedStorage=100, MasterUsername="root", ManageMasterUserPassword=True,
    DBSubnetGroupName="malmo", DBParameterGroupName="malmo", MultiAZ=True, StorageEncrypted=True, StorageType="gp3",
    DeletionProtection=True, CopyTagsToSnapshot=True, AutoMinorVersionUpgrade=True, EnablePerformanceInsights=True,
    EnableCloudwatchLogsExports=["postgresql", "upgrade"], CACertificateIdentifier="rds-ca-rsa2048-g1", DBName="bikes",
    BackupRetentionPeriod=14, PreferredBackupWindow="01:00-01:30", PreferredMaintenanceWindow="tue:03:00-tue:03:30",
    PubliclyAccessible=False, Tags=[{"Key": "migrate:city", "Value": "malmo"}],
)


class Rds(Case):
    def setUp(self) -> None:
        self.control("POST", "reset")
        self.net = self.network()
        self.rds = self.client("rds")
        self.rds.create_db_subnet_group(
            DBSubnetGroupName="malmo", DBSubnetGroupDescription="d", SubnetIds=self.net["subnets"])
        self.rds.create_db_parameter_group(
            DBParameterGroupName="malmo", DBParameterGroupFamily="postgres16", Description="d")

    def instance(self) -> dict:
        return self.rds.describe_db_instances(DBInstanceIdentifier="malmo")["DBInstances"][0]

    def status(self) -> str:
        return self.instance()["DBInstanceStatus"]

    def test_multi_az_create_passes_through_its_states(self) -> None:
        self.rds.create_db_instance(**SPEC)
        first = self.instance()
        self.assertEqual(first["DBInstanceStatus"], "creating")
        self.assertNotIn("Endpoint", first)
        self.pass_time(430)
        self.assertEqual(self.status(), "modifying")
        self.pass_time(350)
        self.assertEqual(self.status(), "backing-up")
        self.pass_time(150)
        done = self.instance()
        self.assertEqual(done["DBInstanceStatus"], "available")
        self.assertEqual(done["Endpoint"]["Port"], 5432)
        self.assertIn("malmo.", done["Endpoint"]["Address"])

    def test_create_takes_time_in_scale(self) -> None:
        self.rds.create_db_instance(**{**SPEC, "MultiAZ": False})
        self.assertEqual(self.status(), "creating")
        self.control("POST", "speed", {"speed": 1000})
        self.until("available", self.status, 60)
        self.control("POST", "speed", {"speed": self.speed})

    def test_everything_asked_for_is_described(self) -> None:
        self.rds.create_db_instance(**SPEC)
        self.pass_time(1000)
        seen = self.instance()
        same = ("MultiAZ StorageEncrypted DeletionProtection CopyTagsToSnapshot AutoMinorVersionUpgrade "
                "AllocatedStorage MaxAllocatedStorage CACertificateIdentifier DBName BackupRetentionPeriod "
                "PreferredBackupWindow PreferredMaintenanceWindow StorageType EngineVersion DBInstanceClass "
                "PubliclyAccessible MasterUsername")
        for name in same.split():
            self.assertEqual(seen[name], SPEC[name], name)
        self.assertEqual(seen["EnabledCloudwatchLogsExports"], ["postgresql", "upgrade"])
        self.assertTrue(seen["PerformanceInsightsEnabled"])
        self.assertEqual(seen["TagList"], SPEC["Tags"])
        self.assertEqual(seen["DBParameterGroups"][0],
                         {"DBParameterGroupName": "malmo", "ParameterApplyStatus": "in-sync"})
        self.assertEqual(seen["SecondaryAvailabilityZone"], "eu-north-1b")
        self.assertNotIn("MasterUserPassword", seen.get("PendingModifiedValues", {}))

    def test_managed_password_is_a_real_secret(self) -> None:
        self.rds.create_db_instance(**SPEC)
        arn = self.instance()["MasterUserSecret"]["SecretArn"]
        value = self.client("secretsmanager").get_secret_value(SecretId=arn)["SecretString"]
        self.assertEqual(json.loads(value)["username"], "root")
        self.assertGreater(len(json.loads(value)["password"]), 20)

    def test_duplicates_are_refused(self) -> None:
        self.rds.create_db_instance(**SPEC)
        self.refused("DBInstanceAlreadyExists", self.rds.create_db_instance, **SPEC)
        self.refused("DBSubnetGroupAlreadyExists", self.rds.create_db_subnet_group, DBSubnetGroupName="malmo",
                     DBSubnetGroupDescription="d", SubnetIds=self.net["subnets"])
        self.refused("DBParameterGroupAlreadyExists", self.rds.create_db_parameter_group,
                     DBParameterGroupName="malmo", DBParameterGroupFamily="postgres16", Description="d")

    def test_modify_now_and_later(self) -> None:
        self.rds.create_db_instance(**SPEC)
        self.refused("InvalidDBInstanceState", self.rds.modify_db_instance, DBInstanceIdentifier="malmo",
                     DBInstanceClass="db.m6g.large")
        self.pass_time(1000)
        self.rds.modify_db_instance(DBInstanceIdentifier="malmo", DBInstanceClass="db.m6g.large")
        self.assertEqual(self.instance()["PendingModifiedValues"], {"DBInstanceClass": "db.m6g.large"})
        self.assertEqual(self.instance()["DBInstanceClass"], "db.t4g.medium")
        self.pass_time(3700)
        self.assertEqual(self.instance()["DBInstanceClass"], "db.m6g.large")
        self.rds.modify_db_instance(DBInstanceIdentifier="malmo", AllocatedStorage=80, ApplyImmediately=True)
        self.assertEqual(self.status(), "modifying")
        self.pass_time(310)
        self.assertEqual(self.instance()["AllocatedStorage"], 80)
        self.assertEqual(self.status(), "available")
        self.assertFalse(self.instance().get("PendingModifiedValues"))

    def test_modify_settings_that_apply_at_once(self) -> None:
        self.rds.create_db_instance(**SPEC)
        self.pass_time(1000)
        self.rds.modify_db_instance(
            DBInstanceIdentifier="malmo", DeletionProtection=False, CopyTagsToSnapshot=False, MaxAllocatedStorage=200,
            EnablePerformanceInsights=False, PreferredBackupWindow="02:00-02:30",
            CloudwatchLogsExportConfiguration={"DisableLogTypes": ["upgrade"]})
        seen = self.instance()
        self.assertEqual(
            (seen["DeletionProtection"], seen["CopyTagsToSnapshot"], seen["MaxAllocatedStorage"],
             seen["PerformanceInsightsEnabled"], seen["PreferredBackupWindow"], seen["EnabledCloudwatchLogsExports"]),
            (False, False, 200, False, "02:00-02:30", ["postgresql"]))

    def test_deletion(self) -> None:
        self.rds.create_db_instance(**SPEC)
        self.pass_time(1000)
        self.refused("InvalidParameterCombination", self.rds.delete_db_instance, DBInstanceIdentifier="malmo",
                     SkipFinalSnapshot=True)
        self.rds.modify_db_instance(DBInstanceIdentifier="malmo", DeletionProtection=False)
        self.refused("InvalidParameterCombination", self.rds.delete_db_instance, DBInstanceIdentifier="malmo")
        self.refused("InvalidDBSubnetGroupStateFault", self.rds.delete_db_subnet_group, DBSubnetGroupName="malmo")
        self.refused("InvalidDBParameterGroupState", self.rds.delete_db_parameter_group, DBParameterGroupName="malmo")
        self.rds.delete_db_instance(DBInstanceIdentifier="malmo", FinalDBSnapshotIdentifier="malmo-final")
        self.assertEqual(self.status(), "deleting")
        self.refused("InvalidDBInstanceState", self.rds.delete_db_instance, DBInstanceIdentifier="malmo",
                     SkipFinalSnapshot=True)
        self.refused("InvalidDBSubnetGroupStateFault", self.rds.delete_db_subnet_group, DBSubnetGroupName="malmo")
        self.pass_time(400)
        self.refused("DBInstanceNotFound", self.instance)
        snapshot = self.rds.describe_db_snapshots(DBSnapshotIdentifier="malmo-final")["DBSnapshots"][0]
        self.assertEqual(snapshot["Status"], "available")
        self.rds.delete_db_subnet_group(DBSubnetGroupName="malmo")
        self.rds.delete_db_parameter_group(DBParameterGroupName="malmo")
        self.refused("DBParameterGroupNotFound", self.rds.describe_db_parameter_groups, DBParameterGroupName="malmo")
        self.refused("DBSubnetGroupNotFoundFault", self.rds.describe_db_subnet_groups, DBSubnetGroupName="malmo")

    def test_parameters_by_source_and_reboot(self) -> None:
        self.rds.create_db_instance(**SPEC)
        self.pass_time(1000)
        self.rds.modify_db_parameter_group(DBParameterGroupName="malmo", Parameters=[
            {"ParameterName": "rds.force_ssl", "ParameterValue": "1", "ApplyMethod": "immediate"},
            {"ParameterName": "rds.logical_replication", "ParameterValue": "1", "ApplyMethod": "pending-reboot"}])
        listed = self.rds.describe_db_parameters(DBParameterGroupName="malmo", Source="user")["Parameters"]
        self.assertEqual({p["ParameterName"]: p["ParameterValue"] for p in listed},
                         {"rds.force_ssl": "1", "rds.logical_replication": "1"})
        self.assertEqual({p["Source"] for p in listed}, {"user"})
        self.assertEqual(self.rds.describe_db_parameters(DBParameterGroupName="malmo", Source="system")["Parameters"], [])
        self.assertEqual(self.instance()["DBParameterGroups"][0]["ParameterApplyStatus"], "pending-reboot")
        self.rds.reboot_db_instance(DBInstanceIdentifier="malmo")
        self.assertEqual(self.status(), "rebooting")
        self.pass_time(40)
        self.assertEqual(self.status(), "available")
        self.assertEqual(self.instance()["DBParameterGroups"][0]["ParameterApplyStatus"], "in-sync")

    def test_a_failover_changes_the_zone(self) -> None:
        self.rds.create_db_instance(**SPEC)
        self.rds.create_db_instance(**{**SPEC, "DBInstanceIdentifier": "single", "MultiAZ": False})
        self.pass_time(1000)
        self.refused("InvalidParameterCombination", self.rds.reboot_db_instance, DBInstanceIdentifier="single",
                     ForceFailover=True)
        zones = lambda: [self.instance()[key] for key in ("AvailabilityZone", "SecondaryAvailabilityZone")]  # noqa: E731
        before = zones()
        self.rds.reboot_db_instance(DBInstanceIdentifier="malmo")
        self.pass_time(40)
        self.assertEqual(zones(), before)
        self.rds.reboot_db_instance(DBInstanceIdentifier="malmo", ForceFailover=True)
        self.assertEqual(zones(), before[::-1])

    def test_a_given_password_can_be_changed(self) -> None:
        self.rds.create_db_instance(**{**SPEC, "ManageMasterUserPassword": False, "MasterUserPassword": "first-password"})
        self.pass_time(1000)
        self.rds.modify_db_instance(
            DBInstanceIdentifier="malmo", MasterUserPassword="second-password", ApplyImmediately=True)
        self.assertEqual(self.instance()["PendingModifiedValues"], {"MasterUserPassword": "****"})

    def test_catalogue(self) -> None:
        for engine, version, group in (("postgres", "16.8", "postgres16"), ("mysql", "8.0.42", "mysql8.0")):
            found = self.rds.describe_db_engine_versions(Engine=engine, EngineVersion=version)["DBEngineVersions"]
            self.assertEqual([v["DBParameterGroupFamily"] for v in found], [group])
            options = self.rds.describe_orderable_db_instance_options(
                Engine=engine, EngineVersion=version, DBInstanceClass="db.t4g.medium")["OrderableDBInstanceOptions"]
            self.assertEqual([(o["MultiAZCapable"], len(o["AvailabilityZones"])) for o in options], [(True, 3)])
        none = self.rds.describe_orderable_db_instance_options(Engine="postgres", DBInstanceClass="db.x9.tiny")
        self.assertEqual(none["OrderableDBInstanceOptions"], [])


if __name__ == "__main__":
    unittest.main()
