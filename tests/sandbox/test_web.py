"""What one server answers when it is asked itself: load balancers, old servers, tasks."""

import unittest

from .databases import Databases, seed as with_database
from .site import HOST, Site, forward, seed
from .test_ecs import World


class Servers(Site):
    def test_an_old_server_answers_while_its_instance_runs(self) -> None:
        for address in ("198.51.100.10", "10.40.1.10"):
            self.assertEqual(self.web(address=address, host=HOST, path="/healthz"), {"status": 200})
            self.assertEqual(self.web(address=address, port=8000, tls="false"), {"status": 200})
            self.assertEqual(self.web(address=address, port=9, tls="false")["error"], "connection refused")
            self.assertEqual(self.web(address=address, port=8000)["error"], "tls handshake failed")
        self.ec2.stop_instances(InstanceIds=self.instances()[:1])
        for address in ("198.51.100.10", "10.40.1.10"):
            self.assertEqual(self.web(address=address)["error"], "connection timed out")
        self.assertEqual(self.web(address="198.51.100.11"), {"status": 200})
        self.ec2.start_instances(InstanceIds=self.instances()[:1])
        self.assertEqual(self.web(address="198.51.100.10"), {"status": 200})
        self.ec2.terminate_instances(InstanceIds=self.instances()[:1])
        self.assertEqual(self.web(address="10.40.1.10")["error"], "connection timed out")

    def test_status_of_instances(self) -> None:
        def states(**more) -> list:
            found = self.ec2.describe_instance_status(InstanceIds=self.instances(), **more)["InstanceStatuses"]
            return sorted(one["InstanceState"]["Name"] for one in found)

        self.assertEqual(states(), ["running", "running"])
        self.ec2.stop_instances(InstanceIds=self.instances()[:1])
        self.assertEqual(states(), ["running"])
        self.assertEqual(states(IncludeAllInstances=True), ["running", "stopped"])

    def test_nothing_else_answers(self) -> None:
        self.assertEqual(self.web(address="10.40.2.20")["error"], "connection refused", "the database's machine")
        self.assertEqual(self.web(address="203.0.113.1")["error"], "connection timed out")

    def test_a_load_balancer_by_its_name_before_dns_leads_there(self) -> None:
        balancer, group = self.site("10.41.0.10")
        asked = {"address": balancer["DNSName"], "host": HOST, "path": "/healthz"}
        seen = self.web(**asked)
        self.assertEqual((seen["status"], seen["target_group"], seen["rule"]), (200, "web", 100))
        self.assertEqual(self.web(**asked | {"host": "api.malmobybike.example"})["status"], None)
        self.assertEqual(self.web(**asked | {"host": "api.malmobybike.example"}, verify="false")["status"], 404)
        self.assertEqual(self.web(**asked, port=80, tls="false")["error"], "connection refused")
        self.listen(balancer, {"Type": "redirect", "RedirectConfig": {"Protocol": "HTTPS", "StatusCode": "HTTP_301"}}, port=80)
        self.assertEqual(self.web(**asked, port=80, tls="false")["status"], 301)
        empty = self.group("empty")
        self.elb.modify_rule(RuleArn=self.web_rule, Actions=[forward(group, empty, weights=(99, 1))])
        seen = self.web(**asked)
        self.assertEqual((seen["status"], len(seen["outcomes"])), (503, 2), "the worst that a user may get")

    def test_old_servers_behind_the_load_balancer(self) -> None:
        balancer, group = self.site("10.40.1.10", "10.40.1.11")
        self.drop_legacy()
        self.put({"Name": HOST, "Type": "A", "AliasTarget": {
            "HostedZoneId": "Z23TAZ6LKFMNIO", "DNSName": balancer["DNSName"], "EvaluateTargetHealth": True}})
        self.assertEqual(self.reach()[0]["healthy_targets"], 2)
        self.ec2.stop_instances(InstanceIds=self.instances())
        self.assertEqual(self.reach()[0]["healthy_targets"], 2, "its check has not failed often enough")
        self.pass_time(11)
        seen = self.reach()[0]
        self.assertEqual((seen["healthy_targets"], seen["fails_open"], seen["status"]), (0, True, 504))
        health = self.elb.describe_target_health(TargetGroupArn=group)["TargetHealthDescriptions"]
        self.assertEqual({one["TargetHealth"]["Reason"] for one in health}, {"Target.Timeout"})
        self.ec2.start_instances(InstanceIds=self.instances())
        self.pass_time(5)
        self.assertEqual(self.reach()[0]["healthy_targets"], 0)
        self.pass_time(6)
        self.assertEqual((self.reach()[0]["healthy_targets"], self.reach()[0]["status"]), (2, 200))


class Tasks(World):
    """Tasks answer what their image answers."""

    def definition(self, image: str = "web:1", path: str | None = "/healthz", hosts: str | None = None,
                   secret: str | None = None, **given) -> str:
        container = {"name": "web", "image": image, "portMappings": [{"containerPort": 8080}], "essential": True}
        if path:
            container["healthCheck"] = {"command": ["CMD-SHELL", f"curl -f http://localhost:8080{path} || exit 1"]}
        if hosts is not None:
            container["environment"] = [{"name": "ALLOWED_HOSTS", "value": hosts}]
        if secret:
            container["secrets"] = [{"name": "DATABASE_PASSWORD", "valueFrom": f"{secret}:password::"}]
        return super().definition(containerDefinitions=[container])

    def everything(self, **definition) -> None:
        self.load_balancer = self.balancer()
        self.ask_for("/healthz")
        self.listen(self.load_balancer)
        self.capacity()
        self.definition(**definition)
        self.service(healthCheckGracePeriodSeconds=0)
        self.pass_time(400)

    def ask_for(self, path: str) -> None:
        self.elb.modify_target_group(TargetGroupArn=self.targets, HealthCheckPath=path, UnhealthyThresholdCount=2)

    def reasons(self) -> set:
        found = self.elb.describe_target_health(TargetGroupArn=self.targets)["TargetHealthDescriptions"]
        return {one["TargetHealth"].get("Reason") for one in found}

    def web(self, host: str, path: str = "/") -> dict:
        name = self.elb.describe_load_balancers()["LoadBalancers"][0]["DNSName"]
        return self.control("GET", f"web?address={name}&port=80&tls=false&host={host}&path={path}")

    def test_a_path_that_the_tasks_do_not_have_makes_them_all_unhealthy(self) -> None:
        self.everything()
        self.assertEqual(self.health(), {"healthy": 2})
        before = {one["taskArn"] for one in self.tasks()}
        self.ask_for("/ready")
        self.assertEqual(self.health(), {"healthy": 2})
        self.pass_time(9)
        self.assertEqual(self.health(), {"healthy": 2})
        self.pass_time(1.5)
        self.assertEqual(self.web("x.example")["healthy_targets"], 0)
        self.pass_time(60)
        self.assertNotIn("healthy", self.health())
        self.assertTrue(before.isdisjoint(one["taskArn"] for one in self.tasks()), "the service replaces them")
        self.assertTrue(any("is unhealthy in (target-group" in one["message"] for one in self.seen()["events"]))
        for _ in range(20):
            self.pass_time(60)
            self.assertNotIn("healthy", self.health(), "never a steady state")
        self.ask_for("/healthz")
        self.pass_time(1000)
        self.assertEqual(self.health(), {"healthy": 2})

    def test_tasks_that_know_both_paths_first(self) -> None:
        self.everything()
        self.definition("web:2", "/ready")
        self.ecs.update_service(cluster="malmo", service="web", taskDefinition="web:2")
        self.pass_time(400)
        self.assertEqual(self.health(), {"healthy": 2}, "a new image answers the paths that the old one did")
        self.ask_for("/ready")
        self.pass_time(60)
        self.assertEqual(self.health(), {"healthy": 2})
        self.ecs.update_service(cluster="malmo", service="web", taskDefinition="web:1")
        failed = 0
        for _ in range(40):
            self.pass_time(5)
            self.assertGreaterEqual(self.health()["healthy"], 2)
            failed = max([failed, *(one["failedTasks"] for one in self.seen()["deployments"])])
        self.assertGreaterEqual(failed, 3, "the older image never gets healthy")
        self.assertEqual({one["taskDefinitionArn"][-1] for one in self.tasks()}, {"2"})

    def test_without_a_check_of_its_own_an_image_answers_every_path(self) -> None:
        self.everything(path=None)
        self.ask_for("/whatever")
        self.pass_time(60)
        self.assertEqual(self.health(), {"healthy": 2})

    def test_a_matcher_may_let_it_pass(self) -> None:
        self.everything()
        self.elb.modify_target_group(TargetGroupArn=self.targets, HealthCheckPath="/ready", Matcher={"HttpCode": "200,400-404"})
        self.pass_time(60)
        self.assertEqual(self.health(), {"healthy": 2})

    def test_the_reason_is_told(self) -> None:
        self.everything()
        self.ecs.update_service(cluster="malmo", service="web", healthCheckGracePeriodSeconds=900)
        self.ask_for("/ready")
        self.pass_time(10.5)
        self.assertIn("Target.ResponseCodeMismatch", self.reasons())

    def test_hosts_that_an_application_refuses(self) -> None:
        self.everything(hosts="www.malmobybike.example, .api.example")
        self.assertEqual(self.health(), {"healthy": 2}, "the load balancer's own check isn't refused here")
        for host, status in ((HOST, 200), ("a.api.example", 200), ("api.example", 200), ("other.example", 400)):
            self.assertEqual(self.web(host)["status"], status, host)
        self.definition(hosts="*")
        self.ecs.update_service(cluster="malmo", service="web", taskDefinition="web:2")
        self.pass_time(400)
        self.assertEqual(self.web("other.example")["status"], 200)

    def test_hosts_of_an_image_come_from_the_seed(self) -> None:
        self.control("POST", "seed", seed(allowed_hosts={"web:9": [HOST]}))
        self.everything(image="web:9")
        self.assertEqual([self.web(host)["status"] for host in (HOST, "other.example")], [200, 400])


    def test_a_rotated_password_locks_out_tasks_that_were_given_the_old_one(self) -> None:
        rds = self.client("rds")
        rds.create_db_instance(DBInstanceIdentifier="malmo", DBInstanceClass="db.t4g.medium", Engine="postgres",
                               AllocatedStorage=50, MasterUsername="steward", ManageMasterUserPassword=True)
        self.pass_time(1000)
        secret = rds.describe_db_instances()["DBInstances"][0]["MasterUserSecret"]["SecretArn"]
        self.everything(secret=secret)
        self.assertEqual(self.web(HOST)["status"], 200)
        self.client("secretsmanager").rotate_secret(SecretId=secret)
        self.assertEqual((self.web(HOST)["status"], self.web(HOST, "/healthz")["status"]), (500, 200))
        self.assertEqual(self.health(), {"healthy": 2}, "nobody but the users notices")
        self.ecs.update_service(cluster="malmo", service="web", forceNewDeployment=True)
        self.pass_time(400)
        self.assertEqual(self.web(HOST)["status"], 200)
        self.pass_time(7 * 86400)
        self.assertEqual(self.web(HOST)["status"], 500)


class DatabaseServers(Databases):
    def test_one_that_is_stopped_stays_away_with_its_data(self) -> None:
        self.control("POST", "seed", with_database())
        server = self.server("legacy")
        self.psql(server, "CREATE TABLE kept (n int); INSERT INTO kept VALUES (7)")
        self.control("POST", "stop-server", {"city": "malmo", "role": "legacy"})
        self.assertIn("refused", self.psql(server, "SELECT n FROM kept"))
        self.assertEqual(self.control("GET", "status")["databases"]["servers"][0]["state"], "stopped")
        self.control("POST", "start-server", {"city": "malmo", "role": "legacy"})
        self.databases()
        self.assertEqual(self.psql(server, "SELECT n FROM kept"), "7")
        machine = self.control("GET", "status")["cities"][0]["database_instance"]
        ec2 = self.client("ec2")
        ec2.stop_instances(InstanceIds=[machine])
        self.until("stopped", lambda: self.control("GET", "status")["databases"]["servers"][0]["state"])
        self.assertIn("refused", self.psql(server, "SELECT n FROM kept"))
        ec2.start_instances(InstanceIds=[machine])
        self.databases()
        self.assertEqual(self.psql(server, "SELECT n FROM kept"), "7")


if __name__ == "__main__":
    unittest.main()
