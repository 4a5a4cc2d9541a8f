"""The master password that RDS manages is another one every seven days."""

import json
import unittest

from . import test_mariadb, test_postgres
from .base import Case
from .databases import Databases

WEEK = 7 * 86400


class Secret(Case):
    """What Secrets Manager shows, without a server."""

    def setUp(self) -> None:
        self.control("POST", "reset")
        self.rds, self.secrets = self.client("rds"), self.client("secretsmanager")
        self.rds.create_db_instance(DBInstanceIdentifier="malmo", DBInstanceClass="db.t4g.medium", Engine="postgres",
                                    AllocatedStorage=50, MasterUsername="steward", ManageMasterUserPassword=True)
        self.pass_time(1000)
        self.arn = self.rds.describe_db_instances()["DBInstances"][0]["MasterUserSecret"]["SecretArn"]

    def password(self, stage: str = "AWSCURRENT") -> str:
        value = json.loads(self.secrets.get_secret_value(SecretId=self.arn, VersionStage=stage)["SecretString"])
        self.assertEqual(value["username"], "steward")
        return value["password"]

    def test_every_seven_days(self) -> None:
        first = self.password()
        self.pass_time(WEEK - 1100)
        self.assertEqual(self.password(), first)
        self.pass_time(200)
        second = self.password()
        self.assertNotEqual(second, first)
        self.assertEqual(self.password("AWSPREVIOUS"), first)
        self.pass_time(3 * WEEK)
        self.assertNotIn(self.password(), (first, second))
        self.assertNotIn(self.password("AWSPREVIOUS"), (first, second))
        seen = self.secrets.describe_secret(SecretId=self.arn)
        self.assertEqual((seen["RotationEnabled"], seen["RotationRules"]["AutomaticallyAfterDays"]), (True, 7))
        self.assertEqual(seen["OwningService"], "rds")
        self.assertGreater(seen["NextRotationDate"], seen["LastRotatedDate"])

    def test_at_once(self) -> None:
        first = self.password()
        self.secrets.rotate_secret(SecretId=self.arn)
        second = self.password()
        self.rds.modify_db_instance(DBInstanceIdentifier="malmo", RotateMasterUserPassword=True, ApplyImmediately=True)
        self.assertEqual(len({first, second, self.password()}), 3)
        self.rds.modify_db_instance(DBInstanceIdentifier="malmo", AllocatedStorage=60, ApplyImmediately=True)
        self.refused("InvalidRequestException", self.secrets.rotate_secret, SecretId=self.arn)

    def test_it_waits_for_the_database(self) -> None:
        first = self.password()
        self.pass_time(WEEK - 1100)
        self.rds.modify_db_instance(DBInstanceIdentifier="malmo", MultiAZ=True, ApplyImmediately=True)
        self.pass_time(400)
        self.assertEqual(self.password(), first)
        self.pass_time(900)
        self.assertNotEqual(self.password(), first)

    def test_one_that_is_not_managed_stays(self) -> None:
        self.rds.modify_db_instance(DBInstanceIdentifier="malmo", ManageMasterUserPassword=False,
                                    MasterUserPassword="chosen-by-hand", ApplyImmediately=True)
        self.pass_time(2 * WEEK)
        self.rds.delete_db_instance(DBInstanceIdentifier="malmo", SkipFinalSnapshot=True)
        self.pass_time(2 * WEEK)
        self.assertEqual(self.rds.describe_db_instances()["DBInstances"], [])


class Servers(Databases):
    def test_the_servers_password_changes_with_it(self) -> None:
        rds = self.client("rds")
        for spec, family in ((test_postgres.SPEC, "postgres16"), (test_mariadb.SPEC, "mysql8.4")):
            name = spec["DBParameterGroupName"]
            rds.create_db_parameter_group(DBParameterGroupName=name, DBParameterGroupFamily=family, Description="d")
            rds.create_db_instance(**spec)
        self.pass_time(1000)
        self.databases()
        pair = [(city, self.server("rds", city)) for city in ("malmo", "drammen")]
        old = {city: self.login(server)["password"] for city, server in pair}
        self.pass_time(WEEK)
        for city, server in pair:
            self.assertNotEqual(self.login(server)["password"], old[city])
        server = pair[0][1]
        self.assertEqual(self.psql(server, "SELECT 1"), "1")
        self.assertIn("password authentication failed", self.psql(server, "SELECT 1", password=old["malmo"]))
        server = pair[1][1]
        self.assertEqual(test_mariadb.MariaDb.sql(self, server, "SELECT 1"), "1")
        self.login = lambda _: {"username": "steward", "password": old["drammen"]}
        self.assertIn("Access denied", test_mariadb.MariaDb.sql(self, server, "SELECT 1"))

    command = test_mariadb.MariaDb.command


if __name__ == "__main__":
    unittest.main()
