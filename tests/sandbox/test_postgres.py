"""Real PostgreSQL servers: the legacy one with its data, RDS's with its rights and parameters, their end."""

import json
import os
import signal
import unittest
from pathlib import Path

from .databases import Databases, seed

SPEC = dict(
    DBInstanceIdentifier="malmo", DBInstanceClass="db.t4g.medium", Engine="postgres", EngineVersion="16.8",
    AllocatedStorage=50, MasterUsername="steward", ManageMasterUserPassword=True, DBName="bikes", Port=5432,
    MultiAZ=True, DBParameterGroupName="malmo", Tags=[{"Key": "migrate:city", "Value": "malmo"}],
)


def alive(marker: str) -> list[str]:
    """Command lines of processes that mention the text."""
    found = []
    for entry in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            line = entry.read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            continue
        if marker in line:
            found.append(line)
    return found


class Legacy(Databases):
    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        cls.planted = cls.control("POST", "seed", seed())

    def test_it_answers_where_the_route_of_the_city_files_endpoint_leads(self) -> None:
        server = self.server("legacy")
        self.assertEqual(self.databases()["routes"], {"10.40.2.20:5432": f"{server['host']}:{server['port']}"})
        login = self.login(server)
        self.assertEqual((login["engine"], login["host"], login["port"], login["dbname"], login["username"]),
                         ("postgres", "10.40.2.20", 5432, "bikes", server["user"]))
        self.assertEqual(self.psql(server, "SELECT current_database(), current_user"), f"bikes|{login['username']}")

    def test_only_with_tls_and_the_password(self) -> None:
        server = self.server("legacy")
        self.assertIn("no encryption", self.psql(server, "SELECT 1", mode="disable"))
        self.assertIn("password authentication failed", self.psql(server, "SELECT 1", password="guessed"))
        self.assertNotIn(self.login(server)["password"], json.dumps(self.control("GET", "status")))

    def test_it_can_be_followed_and_has_a_whole_schema(self) -> None:
        server = self.server("legacy")
        self.assertEqual(self.psql(server, "SHOW wal_level"), "logical")
        unfit = """SELECT relname FROM pg_class c WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace
            AND relreplident = 'd' AND NOT EXISTS (SELECT FROM pg_index WHERE indrelid = c.oid AND indisprimary)"""
        self.assertEqual(self.psql(server, unfit), "")
        kinds = """SELECT (SELECT count(*) > 2000 FROM trips), (SELECT count(*) FROM trips WHERE ended_at IS NULL) > 0,
            (SELECT count(*) FROM pg_constraint WHERE contype = 'f' AND connamespace = 'public'::regnamespace) > 5,
            (SELECT count(*) FROM pg_index WHERE indpred IS NOT NULL), (SELECT max(length(note)) > 20000 FROM bike_notes),
            (SELECT count(*) > 30 FROM station_occupancy), trip_price('10 minutes'),
            (SELECT last_value > 100001 FROM receipt_number), (SELECT count(*) FROM trips WHERE route IS NULL)"""
        self.assertEqual(self.psql(server, kinds), "t|t|t|1|t|t|3.50|t|0")
        self.assertEqual(self.psql(server, "INSERT INTO riders (email, name) VALUES ('a@b', 'A') RETURNING rider_id > 300"),
                         "t")

    def test_the_same_city_has_the_same_data_and_another_has_other(self) -> None:
        content = """SELECT md5(string_agg(t::text, ',' ORDER BY trip_id)) FROM trips t
            UNION ALL SELECT md5(string_agg(p::text, ',' ORDER BY trip_id)) FROM payments p
            UNION ALL SELECT md5(string_agg(b::text, ',' ORDER BY bike_id)) FROM bikes b"""
        self.control("POST", "seed", seed("lund", account="111111111111"))
        self.control("POST", "seed", seed("malmo", account="222222222222"))
        servers = [s for s in self.databases()["servers"] if s["role"] == "legacy"]
        with_login = [(s["city"], type(self).client("secretsmanager", account=s["password_in"].split(":")[4])) for s in servers]
        seen = {}
        for server, (city, secrets) in zip(servers, with_login):
            login = json.loads(secrets.get_secret_value(SecretId=server["password_in"])["SecretString"])
            server = {**server, "password_in": self.server("legacy")["password_in"]}
            seen.setdefault(city, set()).add(
                self.psql(server, content, user=login["username"], password=login["password"]))
        self.assertEqual({city: len(contents) for city, contents in seen.items()}, {"malmo": 1, "lund": 1})
        self.assertNotEqual(seen["malmo"], seen["lund"])
        self.assertEqual(len(next(iter(seen["malmo"])).split()), 3)


class Rds(Databases):
    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        cls.control("POST", "seed", seed())
        cls.rds = cls.client("rds")
        cls.rds.create_db_parameter_group(
            DBParameterGroupName="malmo", DBParameterGroupFamily="postgres16", Description="d")
        cls.rds.modify_db_parameter_group(DBParameterGroupName="malmo", Parameters=[
            {"ParameterName": "rds.logical_replication", "ParameterValue": "1", "ApplyMethod": "pending-reboot"},
            {"ParameterName": "rds.force_ssl", "ParameterValue": "1", "ApplyMethod": "immediate"}])
        cls.rds.create_db_instance(**SPEC)
        cls.born = cls.instance()
        cls.pass_time(1000)
        cls.databases()

    @classmethod
    def instance(cls) -> dict:
        return cls.rds.describe_db_instances(DBInstanceIdentifier="malmo")["DBInstances"][0]

    def ready(self) -> dict:
        self.databases()
        self.until("available", lambda: self.instance()["DBInstanceStatus"])
        return self.server("rds")

    def test_it_is_created_until_its_server_answers(self) -> None:
        self.assertEqual(self.born["DBInstanceStatus"], "creating")
        self.assertNotIn("Endpoint", self.born)
        server, seen = self.ready(), self.instance()
        self.assertEqual((seen["Endpoint"]["Address"], seen["Endpoint"]["Port"]), (server["host"], 5432))
        self.assertEqual((seen["EngineVersion"], server["password_in"]), ("16.8", seen["MasterUserSecret"]["SecretArn"]))
        self.assertEqual(self.psql(server, "SELECT current_database(), current_user"), "bikes|steward")

    def test_the_master_user_is_no_superuser(self) -> None:
        server = self.ready()
        self.assertEqual(self.psql(server, "SELECT rolsuper, rolcreaterole, rolcreatedb FROM pg_roles WHERE rolname = 'steward'"),
                         "f|t|t")
        self.assertIn("must be superuser", self.psql(server, "COPY pg_class TO '/tmp/x'"))
        self.assertIn("permission denied", self.psql(server, "SELECT * FROM pg_authid"))
        self.assertEqual(self.psql(server, "CREATE EXTENSION pg_stat_statements; CREATE EXTENSION pageinspect"), "")
        self.assertEqual(self.psql(server, "CREATE PUBLICATION everything FOR ALL TABLES; DROP PUBLICATION everything"), "")
        self.assertEqual(self.psql(server, "SET session_replication_role = replica"), "")
        self.assertEqual(self.psql(server, "SELECT rolsuper FROM pg_roles WHERE rolname = 'steward'"), "f")
        self.psql(server, "CREATE ROLE plain LOGIN PASSWORD 'plain'; GRANT CREATE ON DATABASE bikes TO plain")
        self.assertIn("must be superuser", self.psql(
            server, "CREATE PUBLICATION everything FOR ALL TABLES", user="plain", password="plain"))

    def test_it_follows_the_legacy_server_and_is_followed(self) -> None:
        old, new = self.server("legacy"), self.ready()
        login = self.login(old)
        table = "CREATE TABLE system_regions (region_id integer PRIMARY KEY, name text NOT NULL)"
        self.assertEqual(self.psql(new, table), "")
        self.assertEqual(self.psql(old, "CREATE PUBLICATION forth FOR TABLE system_regions"), "")
        follow = (f"CREATE SUBSCRIPTION forth CONNECTION 'host={old['host']} port={old['port']} dbname=bikes "
                  f"user={login['username']} password={login['password']} sslmode=require' PUBLICATION forth")
        self.assertIn("created replication slot", self.psql(new, follow))
        self.until("5", lambda: self.psql(new, "SELECT count(*) FROM system_regions"))
        self.psql(old, "INSERT INTO system_regions (name) VALUES ('Hyllie')")
        self.until("6", lambda: self.psql(new, "SELECT count(*) FROM system_regions"))
        self.assertIn("dropped replication slot", self.psql(new, "DROP SUBSCRIPTION forth"))
        self.psql(new, "CREATE PUBLICATION back FOR TABLE system_regions; CREATE ROLE mover LOGIN PASSWORD 'mover'; "
                       "GRANT rds_replication TO mover; GRANT SELECT ON system_regions TO mover")
        self.until("t", lambda: self.psql(new, "SELECT rolreplication FROM pg_roles WHERE rolname = 'mover'"))
        back = (f"CREATE SUBSCRIPTION back CONNECTION 'host={new['host']} port={new['port']} dbname=bikes user=mover "
                "password=mover sslmode=require' PUBLICATION back WITH (copy_data = false)")
        self.assertIn("created replication slot", self.psql(old, back))
        self.psql(new, "INSERT INTO system_regions VALUES (7, 'Limhamn')")
        self.until("7", lambda: self.psql(old, "SELECT count(*) FROM system_regions"))
        self.psql(old, "DROP SUBSCRIPTION back")

    def test_parameters_now_and_after_a_reboot(self) -> None:
        server = self.ready()
        self.assertEqual(self.psql(server, "SHOW wal_level"), "logical")
        self.assertIn("no encryption", self.psql(server, "SELECT 1", mode="disable"))
        self.rds.modify_db_parameter_group(DBParameterGroupName="malmo", Parameters=[
            {"ParameterName": "rds.force_ssl", "ParameterValue": "0", "ApplyMethod": "immediate"},
            {"ParameterName": "work_mem", "ParameterValue": "8192", "ApplyMethod": "immediate"},
            {"ParameterName": "maintenance_work_mem", "ParameterValue": "16384", "ApplyMethod": "pending-reboot"},
            {"ParameterName": "max_wal_senders", "ParameterValue": "31", "ApplyMethod": "pending-reboot"}])
        self.until("8MB", lambda: self.psql(server, "SHOW work_mem", mode="disable"))
        waiting = "SELECT current_setting('max_wal_senders'), current_setting('maintenance_work_mem')"
        self.assertEqual(self.psql(server, waiting), "20|64MB")
        self.rds.reboot_db_instance(DBInstanceIdentifier="malmo")
        self.ready()
        self.assertEqual(self.psql(server, waiting), "31|16MB")
        self.rds.modify_db_parameter_group(DBParameterGroupName="malmo", Parameters=[
            {"ParameterName": "rds.force_ssl", "ParameterValue": "1", "ApplyMethod": "immediate"}])

    def test_a_failover_ends_connections_and_keeps_what_was_committed(self) -> None:
        server = self.ready()
        self.psql(server, "CREATE TABLE kept (n integer); INSERT INTO kept SELECT generate_series(1, 1000)")
        started = self.psql(server, "SELECT pg_postmaster_start_time()")
        self.rds.reboot_db_instance(DBInstanceIdentifier="malmo", ForceFailover=True)
        self.assertEqual(self.instance()["DBInstanceStatus"], "rebooting")
        self.assertEqual(self.ready(), server)
        self.assertNotEqual(self.psql(server, "SELECT pg_postmaster_start_time()"), started)
        self.assertEqual(self.psql(server, "SELECT count(*) FROM kept"), "1000")
        log = Path(server["log"]).read_text()
        self.assertIn("database system was not properly shut down", log)
        self.psql(server, "CREATE ROLE after LOGIN; GRANT rds_replication TO after")
        self.until("t", lambda: self.psql(server, "SELECT rolreplication FROM pg_roles WHERE rolname = 'after'"))

    def test_a_new_password_is_the_servers(self) -> None:
        self.rds.create_db_instance(**{**SPEC, "DBInstanceIdentifier": "other", "Tags": [], "MultiAZ": False,
                                       "ManageMasterUserPassword": False, "MasterUserPassword": "first-password"})
        self.pass_time(1000)
        server = {**self.server("rds", "other"), "password_in": self.server("rds")["password_in"]}
        ask = lambda password: self.psql(server, "SELECT 1", user="steward", password=password)  # noqa: E731
        self.assertEqual(ask("first-password"), "1")
        self.rds.modify_db_instance(
            DBInstanceIdentifier="other", MasterUserPassword="second-password", ApplyImmediately=True)
        self.assertEqual(ask("second-password"), "1")
        self.assertIn("failed", ask("first-password"))
        self.pass_time(1000)
        self.rds.delete_db_instance(DBInstanceIdentifier="other", SkipFinalSnapshot=True)
        self.assertEqual([s["city"] for s in self.databases()["servers"] if s["role"] == "rds"], ["malmo"])
        self.assertEqual(alive(str(Path(server["log"]).parent)), [])
        self.until(False, Path(server["log"]).exists)


class End(Databases):
    def test_reset_ends_the_servers(self) -> None:
        self.control("POST", "seed", seed())
        folder = str(Path(self.server("legacy")["log"]).parent)
        self.assertNotEqual(alive(folder), [])
        self.control("POST", "reset")
        self.assertEqual(alive(folder), [])
        self.assertEqual(self.databases()["servers"], [])

    def test_servers_and_data_go_with_a_killed_sandbox(self) -> None:
        for number in (signal.SIGKILL, signal.SIGTERM):
            type(self).arguments = (*Databases.arguments, "--speed", str(100 + number))  # an adapter of its own
            try:
                self.control("POST", "seed", seed())
                folder = str(Path(self.server("legacy")["log"]).parent)
                self.assertNotEqual(alive(folder), [])
                os.kill(self.control("GET", "status")["pid"], number)
            finally:
                type(self).arguments = Databases.arguments
            self.until([], lambda: alive(folder))
            self.until(False, Path(folder).exists)

    def test_off_by_default(self) -> None:
        type(self).arguments = ()
        try:
            self.control("POST", "reset")
            self.control("POST", "seed", seed())
            self.assertEqual(self.control("GET", "status")["databases"],
                             {"mode": "off", "missing": {}, "ca": None, "routes": {}, "servers": []})
        finally:
            type(self).arguments = Databases.arguments


if __name__ == "__main__":
    unittest.main()
