"""ECS services and tasks: they reach a steady state, fail and are rolled back, move, go away."""

import unittest

from .base import REGION
from .test_ecs import World


class Services(World):
    def test_reaches_steady_state(self) -> None:
        balancer = self.balancer()
        self.capacity()
        self.definition()
        message = self.refused("InvalidParameterException", self.service)
        self.assertIn("does not have an associated load balancer", message)
        self.listen(balancer)
        self.refused("ClusterNotFoundException", self.service, cluster="oslo")
        self.refused("ClientException", self.service, taskDefinition="none")
        made = self.service()
        self.assertEqual(self.service()["serviceArn"], made["serviceArn"])
        self.refused("InvalidParameterException", self.service, clientToken="t-2")
        self.assertEqual(self.rollout(), ("IN_PROGRESS", 0, 1))
        self.pass_time(400)
        self.assertEqual(self.rollout(), ("COMPLETED", 2, 1))
        self.assertEqual(self.health(), {"healthy": 2})
        service = self.seen()
        self.assertIn("has reached a steady state", service["events"][0]["message"])
        self.assertTrue(service["deploymentConfiguration"]["deploymentCircuitBreaker"]["rollback"])
        self.assertEqual(service["healthCheckGracePeriodSeconds"], 60)
        self.assertEqual(service["capacityProviderStrategy"][0]["capacityProvider"], "nodes")
        self.assertEqual((service["propagateTags"], service["enableExecuteCommand"]), ("SERVICE", True))
        tasks = self.tasks()
        self.assertEqual({t["availabilityZone"] for t in tasks}, {f"{REGION}a", f"{REGION}b"})
        for task in tasks:
            self.assertEqual((task["lastStatus"], task["healthStatus"]), ("RUNNING", "HEALTHY"))
            self.assertTrue(task["containerInstanceArn"])
            tags = {t["key"]: t["value"] for t in task["tags"]}
            self.assertEqual((tags["migrate:city"], tags["aws:ecs:serviceName"]), ("malmo", "web"))
        cluster = self.ecs.describe_clusters(clusters=["malmo"])["clusters"][0]
        self.assertEqual((cluster["runningTasksCount"], cluster["activeServicesCount"]), (2, 1))
        self.assertEqual(cluster["registeredContainerInstancesCount"], 2)
        self.ecs.get_waiter("services_stable").wait(cluster="malmo", services=["web"])

    def test_update(self) -> None:
        self.everything()
        self.definition("web:2")
        self.ecs.update_service(cluster="malmo", service="web", taskDefinition="web:2")
        service = self.seen()
        self.assertEqual([d["status"] for d in service["deployments"]], ["PRIMARY", "ACTIVE"])
        self.assertTrue(service["taskDefinition"].endswith("web:2"))
        for _ in range(30):
            self.assertGreaterEqual(self.health()["healthy"], 2)
            self.pass_time(5)
        self.assertEqual(self.rollout(), ("COMPLETED", 2, 1))
        self.assertEqual({t["taskDefinitionArn"].split("/")[1] for t in self.tasks()}, {"web:2"})
        self.assertEqual(self.health(), {"healthy": 2})
        first = self.seen()["deployments"][0]["id"]
        self.ecs.update_service(cluster="malmo", service="web", desiredCount=3, healthCheckGracePeriodSeconds=30)
        self.pass_time(60)
        service = self.seen()
        self.assertEqual((service["deployments"][0]["id"], service["runningCount"]), (first, 3))
        self.assertEqual(service["healthCheckGracePeriodSeconds"], 30)
        self.ecs.update_service(cluster="malmo", service="web", forceNewDeployment=True)
        self.assertNotEqual(self.seen()["deployments"][0]["id"], first)
        self.pass_time(300)
        self.assertEqual(self.rollout(), ("COMPLETED", 3, 1))

    def test_breaker_rolls_back(self) -> None:
        self.everything()
        old = self.seen()["deployments"][0]["id"]
        self.definition("web:broken")
        self.ecs.update_service(cluster="malmo", service="web", taskDefinition="web:2")
        failed = None
        for _ in range(60):
            self.pass_time(5)
            self.assertGreaterEqual(self.health()["healthy"], 2)
            failed = next((d for d in self.seen()["deployments"] if d["rolloutState"] == "FAILED"), failed)
        self.assertTrue(failed["taskDefinition"].endswith("web:2"))
        self.assertGreaterEqual(failed["failedTasks"], 3)
        service = self.seen()
        self.assertTrue(service["taskDefinition"].endswith("web:1"))
        self.assertEqual([(d["id"], d["rolloutState"]) for d in service["deployments"]], [(old, "COMPLETED")])
        self.assertTrue(any("rolling back to" in e["message"] for e in service["events"]))
        stopped = self.ecs.list_tasks(cluster="malmo", desiredStatus="STOPPED")["taskArns"]
        reasons = {t["stoppedReason"] for t in self.ecs.describe_tasks(cluster="malmo", tasks=stopped)["tasks"]}
        self.assertIn("Essential container in task exited", reasons)

    def test_breaker_without_anything_to_go_back_to(self) -> None:
        self.listen(self.balancer())
        self.capacity()
        self.definition("broken/web:1")
        self.service()
        self.pass_time(600)
        deployment = self.seen()["deployments"][0]
        self.assertEqual((deployment["rolloutState"], deployment["runningCount"]), ("FAILED", 0))
        self.definition("web:2")
        self.ecs.update_service(cluster="malmo", service="web", taskDefinition="web:2")
        self.pass_time(200)
        self.assertEqual(self.rollout(), ("COMPLETED", 2, 1))

    def test_stopped_and_unhealthy_tasks_are_replaced(self) -> None:
        self.everything()
        victim = self.tasks()[0]["taskArn"]
        self.ecs.stop_task(cluster="malmo", task=victim, reason="test")
        self.assertEqual(self.health()["draining"], 1)
        self.pass_time(90)
        self.assertNotIn(victim, [t["taskArn"] for t in self.tasks()])
        self.assertEqual(self.rollout(), ("COMPLETED", 2, 1))
        stopped = self.ecs.describe_tasks(cluster="malmo", tasks=[victim])["tasks"][0]
        self.assertEqual((stopped["lastStatus"], stopped["stopCode"]), ("STOPPED", "UserInitiated"))
        before = {t["taskArn"] for t in self.tasks()}
        self.pass_time(61)
        self.control("POST", "target-health", {"target_group_arn": self.targets, "state": "unhealthy"})
        self.pass_time(2)
        self.control("POST", "target-health", {"target_group_arn": self.targets, "state": None})
        self.pass_time(120)
        self.assertFalse(before & {t["taskArn"] for t in self.tasks()})
        self.assertEqual(self.health(), {"healthy": 2})

    def test_survives_the_loss_of_an_instance(self) -> None:
        self.everything()
        instance = self.scaling.describe_auto_scaling_groups()["AutoScalingGroups"][0]["Instances"][0]
        self.ec2.terminate_instances(InstanceIds=[instance["InstanceId"]])
        self.pass_time(30)
        tasks = self.tasks()
        self.assertEqual((len(tasks), len({t["availabilityZone"] for t in tasks})), (2, 1))
        self.assertEqual(self.seen()["availabilityZoneRebalancing"], "ENABLED")
        self.pass_time(300)
        self.assertEqual(self.rollout(), ("COMPLETED", 2, 1))
        self.assertEqual(self.health(), {"healthy": 2})
        self.assertEqual(len({t["availabilityZone"] for t in self.tasks()}), 2)

    def test_draining_moves_tasks(self) -> None:
        self.everything()
        arns = self.ecs.list_container_instances(cluster="malmo")["containerInstanceArns"]
        drained = self.ecs.update_container_instances_state(
            cluster="malmo", containerInstances=arns[:1], status="DRAINING")
        self.assertEqual(drained["containerInstances"][0]["status"], "DRAINING")
        self.refused("InvalidParameterException", self.ecs.deregister_container_instance, cluster="malmo",
                     containerInstance=arns[0])
        self.pass_time(120)
        self.assertEqual({t["containerInstanceArn"] for t in self.tasks()}, set(arns[1:]))
        self.assertEqual(self.rollout(), ("COMPLETED", 2, 1))
        self.ecs.deregister_container_instance(cluster="malmo", containerInstance=arns[0])

    def test_one_task_an_instance(self) -> None:
        self.everything()
        self.ecs.create_service(cluster="malmo", serviceName="agent", taskDefinition="web", schedulingStrategy="DAEMON")
        self.ecs.create_service(cluster="malmo", serviceName="apart", taskDefinition="web", desiredCount=2,
                                placementConstraints=[{"type": "distinctInstance"}])
        self.pass_time(60)
        for name in ("agent", "apart"):
            arns = self.ecs.list_tasks(cluster="malmo", serviceName=name)["taskArns"]
            tasks = self.ecs.describe_tasks(cluster="malmo", tasks=arns)["tasks"]
            self.assertEqual(len({t["containerInstanceArn"] for t in tasks}), 2, name)

    def test_a_long_time_passes(self) -> None:
        """What nobody looks at for a month costs little: pauses grow, and nothing plans itself without end."""
        self.everything()
        self.definition("web:broken")
        config = {"deploymentCircuitBreaker": {"enable": False, "rollback": False}}
        self.ecs.update_service(cluster="malmo", service="web", taskDefinition="web:2", deploymentConfiguration=config)
        self.pass_time(30 * 24 * 3600)
        self.assertEqual(self.rollout()[0], "IN_PROGRESS")
        failed = self.seen()["deployments"][0]["failedTasks"]
        self.assertTrue(100 < failed < 10_000, f"{failed} tasks failed in a month: one in some minutes")
        self.assertEqual(self.health(), {"healthy": 2})

    def test_delete(self) -> None:
        self.everything()
        name = {"cluster": "malmo", "service": "web"}
        self.refused("InvalidParameterException", self.ecs.delete_service, **name)
        self.refused("ClusterContainsServicesException", self.ecs.delete_cluster, cluster="malmo")
        self.assertEqual(self.ecs.delete_service(**name, force=True)["service"]["status"], "DRAINING")
        self.refused("InvalidParameterException", self.service)
        self.assertEqual(self.seen()["status"], "DRAINING")
        self.assertEqual(self.ecs.list_services(cluster="malmo")["serviceArns"], [])
        self.pass_time(60)
        self.assertEqual(self.seen()["status"], "INACTIVE")
        self.assertEqual(self.health(), {})
        self.assertEqual(self.ecs.list_services(cluster="malmo")["serviceArns"], [])
        self.refused("ServiceNotFoundException", self.ecs.delete_service, **name)
        self.refused("ServiceNotActiveException", self.ecs.update_service, **name, desiredCount=1)
        answer = self.ecs.describe_services(cluster="malmo", services=["other"])
        self.assertEqual([f["reason"] for f in answer["failures"]], ["MISSING"])
        self.assertEqual(self.service()["status"], "ACTIVE")
        self.pass_time(200)
        self.assertEqual(self.rollout(), ("COMPLETED", 2, 1))

    def test_run_task(self) -> None:
        self.ecs.register_task_definition(family="job", memory="256", networkMode="bridge",
                                          containerDefinitions=[{"name": "job", "image": "job:1"}])
        self.refused("InvalidParameterException", self.ecs.run_task, cluster="malmo", taskDefinition="job")
        self.capacity()
        self.pass_time(120)
        run = {"cluster": "malmo", "taskDefinition": "job", "clientToken": "once"}
        task = self.ecs.run_task(**run)["tasks"][0]
        self.assertEqual(self.ecs.run_task(**run)["tasks"][0]["taskArn"], task["taskArn"])
        self.pass_time(30)
        found = self.ecs.describe_tasks(cluster="malmo", tasks=[task["taskArn"]])["tasks"][0]
        self.assertEqual((found["lastStatus"], found["group"]), ("RUNNING", "family:job"))
        self.refused("InvalidParameterException", self.ecs.stop_task, cluster="malmo", task="none")
        self.pass_time(130)
        found = self.ecs.describe_tasks(cluster="malmo", tasks=[task["taskArn"]])["tasks"][0]
        self.assertEqual((found["lastStatus"], found["containers"][0]["exitCode"]), ("STOPPED", 0))


class OwnAddresses(World):
    """Tasks in awsvpc mode have network interfaces of their own."""

    mode = "awsvpc"

    def test_life(self) -> None:
        self.listen(self.balancer())
        self.capacity()
        self.definition()
        self.service()
        self.pass_time(400)
        self.assertEqual(self.rollout(), ("COMPLETED", 2, 1))
        addresses = set()
        for task in self.tasks():
            details = {d["name"]: d["value"] for d in task["attachments"][0]["details"]}
            number = self.net["subnets"].index(details["subnetId"])
            self.assertTrue(details["privateIPv4Address"].startswith(f"10.41.{number}."))
            self.assertEqual(task["availabilityZone"], f"{REGION}{'ab'[number]}")
            interface = self.ec2.describe_network_interfaces(NetworkInterfaceIds=[details["networkInterfaceId"]])
            self.assertEqual(interface["NetworkInterfaces"][0]["Groups"][0]["GroupId"], self.group)
            inside = task["containers"][0]["networkInterfaces"][0]["privateIpv4Address"]
            self.assertEqual(inside, details["privateIPv4Address"])
            addresses.add(inside)
        described = self.elb.describe_target_health(TargetGroupArn=self.targets)["TargetHealthDescriptions"]
        self.assertEqual({t["Target"]["Id"] for t in described}, addresses)
        self.ecs.delete_service(cluster="malmo", service="web", force=True)
        self.pass_time(60)
        left = self.ec2.describe_network_interfaces()["NetworkInterfaces"]
        self.assertFalse(addresses & {i["PrivateIpAddress"] for i in left})


if __name__ == "__main__":
    unittest.main()
