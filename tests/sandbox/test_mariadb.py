"""Real MariaDB servers for the engine mysql: the legacy one with its data, RDS's with its rights and procedures."""

import os
import re
import subprocess
import unittest

from .databases import Databases, seed

SPEC = dict(
    DBInstanceIdentifier="drammen", DBInstanceClass="db.t4g.small", Engine="mysql", EngineVersion="8.4.5",
    AllocatedStorage=30, MasterUsername="steward", ManageMasterUserPassword=True, DBName="bikes", Port=3306,
    MultiAZ=True, DBParameterGroupName="drammen", Tags=[{"Key": "migrate:city", "Value": "drammen"}],
)


class MariaDb(Databases):
    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        cls.control("POST", "seed", seed("drammen", "mysql", "10.40.2.30"))
        cls.rds = cls.client("rds")
        cls.rds.create_db_parameter_group(
            DBParameterGroupName="drammen", DBParameterGroupFamily="mysql8.4", Description="d")
        cls.rds.modify_db_parameter_group(DBParameterGroupName="drammen", Parameters=[
            {"ParameterName": name, "ParameterValue": value, "ApplyMethod": "pending-reboot"}
            for name, value in (("gtid-mode", "ON"), ("require_secure_transport", "1"), ("long_query_time", "1"))])
        cls.rds.create_db_instance(**SPEC)
        cls.pass_time(1000)

    def command(self, tool: str, server: dict, *arguments: str, tls: bool = True, **options) -> subprocess.CompletedProcess:
        login = self.login(server)
        safe = [f"--ssl-ca={self.databases()['ca']}", "--ssl-verify-server-cert"] if tls else ["--skip-ssl"]
        return subprocess.run(
            [tool, "--no-defaults", f"--host={server['host']}", f"--port={server['port']}",
             f"--user={login['username']}", *safe, *arguments, server["name"]],
            capture_output=True, text=True, env={**os.environ, "MYSQL_PWD": login["password"]}, **options)

    def sql(self, server: dict, script: str, tls: bool = True) -> str:
        """Runs SQL as the user of the server's secret; the answer, or what it says against it."""
        done = self.command("mariadb", server, "--batch", "--skip-column-names", tls=tls, input=script)
        return (done.stdout + done.stderr).strip()

    def old(self) -> dict:
        return self.server("legacy", "drammen")

    def new(self) -> dict:
        return self.server("rds", "drammen")

    def test_the_legacy_server_answers_by_tls_only_and_is_ready_for_replication(self) -> None:
        server = self.old()
        self.assertEqual(self.databases()["routes"], {"10.40.2.30:3306": f"{server['host']}:3306"})
        self.assertEqual(self.sql(server, "SELECT @@log_bin, @@binlog_format, @@log_slave_updates, current_user()"),
                         "1\tROW\t1\tbikes@%")
        self.assertIn("Access denied", self.sql(server, "SELECT 1", tls=False))

    def test_its_data(self) -> None:
        counts = """SELECT (SELECT count(*) > 2000 FROM trips), (SELECT count(*) > 5 FROM trips WHERE ended_at IS NULL),
            (SELECT max(length(note)) > 20000 FROM bike_notes), (SELECT count(*) > 30 FROM station_occupancy),
            trip_price(600), (SELECT count(*) FROM trips WHERE NOT json_valid(route)), (SELECT count(*) > 1000 FROM payments)"""
        self.assertEqual(self.sql(self.old(), counts), "1\t1\t1\t1\t3.50\t0\t1")
        self.assertIn("Duplicate entry", self.sql(self.old(), """INSERT INTO trips (bike_id, rider_id, start_station_id,
            started_at) SELECT bike_id, rider_id, start_station_id, now() FROM trips WHERE ended_at IS NULL LIMIT 1"""))

    def test_the_master_user_has_rdss_rights(self) -> None:
        server, seen = self.new(), self.rds.describe_db_instances(DBInstanceIdentifier="drammen")["DBInstances"][0]
        self.assertEqual((seen["Endpoint"]["Address"], seen["Endpoint"]["Port"]), (server["host"], 3306))
        self.assertEqual(self.sql(server, "SELECT current_user(), database(), @@long_query_time"), "steward@%\tbikes\t1.000000")
        self.assertIn("READ_ONLY ADMIN", self.sql(server, "SET GLOBAL read_only = 1"))
        self.assertIn("Access denied", self.sql(server, "SELECT 1 INTO OUTFILE '/tmp/x'"))
        self.assertIn("REPLICATION SLAVE ADMIN", self.sql(server, "CHANGE MASTER TO MASTER_HOST = 'x'"))
        self.assertEqual(self.sql(server, "CALL mysql.rds_set_configuration('binlog retention hours', 48); "
                                          "SELECT @@binlog_expire_logs_seconds"), "172800")

    def test_tls_is_forced_where_the_parameter_group_says_so(self) -> None:
        server = self.new()
        force = lambda value: self.rds.modify_db_parameter_group(DBParameterGroupName="drammen", Parameters=[  # noqa: E731
            {"ParameterName": "require_secure_transport", "ParameterValue": value, "ApplyMethod": "immediate"}])
        self.assertIn("Access denied", self.sql(server, "SELECT 1", tls=False))
        force("0")
        self.assertEqual(self.sql(server, "SELECT 1", tls=False), "1")
        force("1")
        self.assertIn("Access denied", self.sql(server, "SELECT 1", tls=False))

    def test_it_follows_the_legacy_server_by_rdss_procedures(self) -> None:
        old, new = self.old(), self.new()
        dump = self.command("mariadb-dump", old, "--single-transaction", "--master-data=2", "--hex-blob", "--routines")
        place = re.search(r"MASTER_LOG_FILE='([^']+)', MASTER_LOG_POS=(\d+)", dump.stdout)
        plain = re.sub(r"DEFINER=`[^`]+`@`[^`]+`", "", dump.stdout)
        self.assertEqual(self.sql(new, plain), "")
        self.sql(old, "CREATE USER mover IDENTIFIED BY 'mover' REQUIRE SSL; GRANT REPLICATION SLAVE ON *.* TO mover")
        self.assertEqual(self.sql(new, f"""CALL mysql.rds_set_external_source('{old['host']}', {old['port']}, 'mover', 'mover',
            '{place[1]}', {place[2]}, 1); CALL mysql.rds_start_replication"""), "")
        self.sql(old, "INSERT INTO riders (email, name) VALUES ('live@post.example', 'Live')")
        self.until("1", lambda: self.sql(new, "SELECT count(*) FROM riders WHERE email = 'live@post.example'"))
        content = "SELECT count(*), sum(crc32(concat_ws('|', trip_id, bike_id, started_at, ended_at, route))) FROM trips"
        self.assertEqual(self.sql(new, content), self.sql(old, content))
        self.assertEqual(self.sql(new, "CALL mysql.rds_stop_replication; CALL mysql.rds_reset_external_source; "
                                       "SHOW SLAVE STATUS"), "")

    def test_a_failover_is_a_crash_that_it_recovers_from(self) -> None:
        server = self.new()
        self.sql(server, "CREATE TABLE kept (n int); INSERT INTO kept SELECT seq FROM seq_1_to_1000")
        number = self.sql(server, "SELECT @@server_id")
        self.rds.reboot_db_instance(DBInstanceIdentifier="drammen", ForceFailover=True)
        self.assertEqual(self.new(), server)
        self.assertEqual(self.sql(server, "SELECT count(*), @@server_id FROM kept"), f"1000\t{number}")
        with open(server["log"]) as log:
            self.assertIn("Starting crash recovery", log.read())


if __name__ == "__main__":
    unittest.main()
