"""ECS on Auto Scaling capacity: instances join, services reach a steady state, fail and are rolled back, go away."""

import base64
import time
import unittest
from collections import Counter

from .base import REGION, Case

IMAGE = "resolve:ssm:/aws/service/ecs/optimized-ami/amazon-linux-2023/recommended/image_id"


class World(Case):
    """A city's network, load balancer and ECS cluster; `capacity` and `service` build the rest."""

    mode = "bridge"

    def setUp(self) -> None:
        self.control("POST", "reset")
        self.net = self.network(2)
        self.ec2, self.scaling, self.ecs = self.client("ec2"), self.client("autoscaling"), self.client("ecs")
        self.elb = self.client("elbv2")
        gateway = self.ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
        self.ec2.attach_internet_gateway(InternetGatewayId=gateway, VpcId=self.net["vpc"])
        self.group = self.ec2.create_security_group(GroupName="g", Description="g", VpcId=self.net["vpc"])["GroupId"]
        self.ecs.create_cluster(clusterName="malmo", settings=[{"name": "containerInsights", "value": "enhanced"}],
                                tags=[{"key": "migrate:city", "value": "malmo"}])

    def capacity(self, desired: int = 2, maximum: int = 6, provider: bool = True, kind: str = "t3.small") -> None:
        data = base64.b64encode(b"#!/bin/bash\necho ECS_CLUSTER=malmo >> /etc/ecs/ecs.config\n").decode()
        self.ec2.create_launch_template(LaunchTemplateName="nodes", LaunchTemplateData={
            "ImageId": IMAGE, "InstanceType": kind, "UserData": data, "SecurityGroupIds": [self.group]})
        self.scaling.create_auto_scaling_group(
            AutoScalingGroupName="nodes", MinSize=min(desired, 2), MaxSize=maximum, DesiredCapacity=desired,
            LaunchTemplate={"LaunchTemplateName": "nodes", "Version": "$Latest"},
            VPCZoneIdentifier=",".join(self.net["subnets"]), NewInstancesProtectedFromScaleIn=True,
        )
        if provider:
            self.provider()

    def provider(self, **given) -> None:
        arn = self.scaling.describe_auto_scaling_groups()["AutoScalingGroups"][0]["AutoScalingGroupARN"]
        self.ecs.create_capacity_provider(name="nodes", autoScalingGroupProvider={
            "autoScalingGroupArn": arn, "managedTerminationProtection": "ENABLED",
            "managedScaling": {"status": "ENABLED", "targetCapacity": 100, "instanceWarmupPeriod": 60}, **given})
        self.ecs.put_cluster_capacity_providers(
            cluster="malmo", capacityProviders=["nodes"],
            defaultCapacityProviderStrategy=[{"capacityProvider": "nodes", "weight": 1}],
        )

    def balancer(self) -> str:
        kind = "ip" if self.mode == "awsvpc" else "instance"
        self.targets = self.elb.create_target_group(
            Name="web", Protocol="HTTP", Port=8080, VpcId=self.net["vpc"], TargetType=kind, HealthyThresholdCount=2,
            HealthCheckIntervalSeconds=5, HealthCheckTimeoutSeconds=2)["TargetGroups"][0]["TargetGroupArn"]
        self.elb.modify_target_group_attributes(TargetGroupArn=self.targets, Attributes=[
            {"Key": "deregistration_delay.timeout_seconds", "Value": "30"}])
        return self.elb.create_load_balancer(
            Name="malmo", Subnets=self.net["subnets"], SecurityGroups=[self.group])["LoadBalancers"][0]["LoadBalancerArn"]

    def listen(self, balancer: str) -> None:
        self.elb.create_listener(LoadBalancerArn=balancer, Port=80, Protocol="HTTP", DefaultActions=[
            {"Type": "forward", "TargetGroupArn": self.targets}])

    def definition(self, image: str = "web:1", **given) -> str:
        container = {
            "name": "web", "image": image, "portMappings": [{"containerPort": 8080}], "essential": True,
            "healthCheck": {"command": ["CMD-SHELL", "true"], "interval": 5},
        }
        given = {"family": "web", "networkMode": self.mode, "cpu": "256", "memory": "512", **given}
        made = self.ecs.register_task_definition(**{"containerDefinitions": [container], **given})
        return made["taskDefinition"]["taskDefinitionArn"]

    def service(self, **given) -> dict:
        given = {
            "cluster": "malmo", "serviceName": "web", "taskDefinition": "web", "desiredCount": 2, "clientToken": "t-1",
            "loadBalancers": [{"targetGroupArn": self.targets, "containerName": "web", "containerPort": 8080}],
            "deploymentConfiguration": {"deploymentCircuitBreaker": {"enable": True, "rollback": True},
                                        "maximumPercent": 200, "minimumHealthyPercent": 100},
            "placementStrategy": [{"type": "spread", "field": "attribute:ecs.availability-zone"}],
            "healthCheckGracePeriodSeconds": 60, "propagateTags": "SERVICE", "enableECSManagedTags": True,
            "enableExecuteCommand": True, "tags": [{"key": "migrate:city", "value": "malmo"}], **given,
        }
        if self.mode == "awsvpc":
            given.setdefault("networkConfiguration", {"awsvpcConfiguration": {
                "subnets": self.net["subnets"], "securityGroups": [self.group], "assignPublicIp": "DISABLED"}})
        return self.ecs.create_service(**given)["service"]

    def everything(self) -> None:
        self.listen(self.balancer())
        self.capacity()
        self.definition()
        self.service()
        self.pass_time(400)

    def seen(self) -> dict:
        return self.ecs.describe_services(cluster="malmo", services=["web"])["services"][0]

    def rollout(self) -> tuple:
        service = self.seen()
        return service["deployments"][0]["rolloutState"], service["runningCount"], len(service["deployments"])

    def tasks(self) -> list:
        arns = self.ecs.list_tasks(cluster="malmo", serviceName="web")["taskArns"]
        return self.ecs.describe_tasks(cluster="malmo", tasks=arns, include=["TAGS"])["tasks"] if arns else []

    def health(self) -> dict:
        found = self.elb.describe_target_health(TargetGroupArn=self.targets)["TargetHealthDescriptions"]
        return Counter(t["TargetHealth"]["State"] for t in found)


class Capacity(World):
    def test_instances_join_and_leave(self) -> None:
        self.capacity()
        self.pass_time(60)
        self.assertEqual(self.ecs.list_container_instances(cluster="malmo")["containerInstanceArns"], [])
        self.pass_time(40)
        arns = self.ecs.list_container_instances(cluster="malmo")["containerInstanceArns"]
        self.assertEqual(len(arns), 2)
        found = self.ecs.describe_container_instances(cluster="malmo", containerInstances=arns)["containerInstances"]
        self.assertTrue(all(i["agentConnected"] and i["status"] == "ACTIVE" for i in found))
        self.assertEqual({i["capacityProviderName"] for i in found}, {"nodes"})
        registered = {r["name"]: r.get("integerValue") for r in found[0]["registeredResources"]}
        self.assertEqual(registered["CPU"], 2048)
        self.assertTrue(1800 < registered["MEMORY"] < 2000)
        attributes = {a["name"]: a.get("value") for a in found[0]["attributes"]}
        self.assertEqual(attributes["ecs.instance-type"], "t3.small")
        zones = {a["value"] for i in found for a in i["attributes"] if a["name"] == "ecs.availability-zone"}
        self.assertEqual(zones, {f"{REGION}a", f"{REGION}b"})
        self.refused("ClusterContainsContainerInstancesException", self.ecs.delete_cluster, cluster="malmo")
        self.scaling.delete_auto_scaling_group(AutoScalingGroupName="nodes", ForceDelete=True)
        self.pass_time(90)
        self.assertEqual(self.ecs.list_container_instances(cluster="malmo")["containerInstanceArns"], [])

    def test_join_by_capacity_provider_alone(self) -> None:
        self.ec2.create_launch_template(
            LaunchTemplateName="nodes", LaunchTemplateData={"ImageId": IMAGE, "InstanceType": "m5.large"})
        self.scaling.create_auto_scaling_group(
            AutoScalingGroupName="nodes", MinSize=1, MaxSize=2, LaunchTemplate={"LaunchTemplateName": "nodes"},
            VPCZoneIdentifier=self.net["subnets"][0], NewInstancesProtectedFromScaleIn=True)
        self.pass_time(200)
        self.assertEqual(self.ecs.list_container_instances(cluster="malmo")["containerInstanceArns"], [])
        self.provider()
        self.assertEqual(len(self.ecs.list_container_instances(cluster="malmo")["containerInstanceArns"]), 1)

    def test_capacity_providers(self) -> None:
        self.capacity(provider=False)
        arn = self.scaling.describe_auto_scaling_groups()["AutoScalingGroups"][0]["AutoScalingGroupARN"]
        name = {"AutoScalingGroupName": "nodes"}
        self.scaling.update_auto_scaling_group(**name, NewInstancesProtectedFromScaleIn=False)
        self.refused("InvalidParameterException", self.provider)
        self.scaling.update_auto_scaling_group(**name, NewInstancesProtectedFromScaleIn=True)
        self.provider()
        found = self.ecs.describe_capacity_providers(capacityProviders=["nodes"])["capacityProviders"][0]
        self.assertEqual(found["status"], "ACTIVE")
        self.assertEqual(found["autoScalingGroupProvider"]["autoScalingGroupArn"], arn)
        self.assertEqual(found["autoScalingGroupProvider"]["managedTerminationProtection"], "ENABLED")
        self.assertEqual(found["autoScalingGroupProvider"]["managedScaling"]["instanceWarmupPeriod"], 60)
        self.ecs.update_capacity_provider(name="nodes", autoScalingGroupProvider={
            "managedScaling": {"status": "ENABLED", "targetCapacity": 90}})
        found = self.ecs.describe_capacity_providers(capacityProviders=["nodes"])["capacityProviders"][0]
        self.assertEqual(found["autoScalingGroupProvider"]["managedScaling"]["targetCapacity"], 90)
        self.assertEqual(found["autoScalingGroupProvider"]["managedScaling"]["instanceWarmupPeriod"], 60)
        self.refused("ClientException", self.ecs.delete_capacity_provider, capacityProvider="nodes")
        detach = {"cluster": "malmo", "capacityProviders": [], "defaultCapacityProviderStrategy": []}
        self.refused("UpdateInProgressException", self.ecs.put_cluster_capacity_providers, **detach)
        self.pass_time(11)
        cluster = self.ecs.describe_clusters(clusters=["malmo"], include=["ATTACHMENTS"])["clusters"][0]
        self.assertEqual((cluster["attachmentsStatus"], cluster["capacityProviders"]), ("UPDATE_COMPLETE", ["nodes"]))
        self.ecs.put_cluster_capacity_providers(**detach)
        self.assertEqual(self.ecs.delete_capacity_provider(capacityProvider="nodes")["capacityProvider"]["status"], "INACTIVE")
        self.pass_time(61)
        missing = self.ecs.describe_capacity_providers(capacityProviders=["nodes"])
        self.assertEqual([f["reason"] for f in missing["failures"]], ["MISSING"])

    def test_managed_scaling(self) -> None:
        self.listen(self.balancer())
        self.capacity()
        self.definition()
        self.pass_time(200)
        self.service(desiredCount=9)
        self.pass_time(20)
        self.assertGreater(self.seen()["pendingCount"], 0)
        self.pass_time(600)
        self.assertEqual(self.rollout(), ("COMPLETED", 9, 1))
        group = self.scaling.describe_auto_scaling_groups()["AutoScalingGroups"][0]
        self.assertTrue(3 <= group["DesiredCapacity"] <= 6)
        self.assertTrue(all(i["ProtectedFromScaleIn"] for i in group["Instances"]))
        self.ecs.update_service(cluster="malmo", service="web", desiredCount=1)
        self.pass_time(3000)
        group = self.scaling.describe_auto_scaling_groups()["AutoScalingGroups"][0]
        self.assertEqual((group["DesiredCapacity"], len(group["Instances"])), (2, 2))
        self.assertEqual(self.rollout(), ("COMPLETED", 1, 1))


class Clusters(World):
    def test_life(self) -> None:
        again = self.ecs.create_cluster(clusterName="malmo")["cluster"]
        self.assertEqual(again["settings"], [{"name": "containerInsights", "value": "enhanced"}])
        bare = self.ecs.describe_clusters(clusters=["malmo", "oslo"])
        self.assertEqual((bare["clusters"][0]["settings"], bare["clusters"][0]["tags"]), ([], []))
        self.assertEqual([f["reason"] for f in bare["failures"]], ["MISSING"])
        full = self.ecs.describe_clusters(clusters=["malmo"], include=["SETTINGS", "TAGS", "CONFIGURATIONS"])["clusters"][0]
        self.assertEqual(full["settings"][0]["value"], "enhanced")
        self.assertEqual(full["tags"], [{"key": "migrate:city", "value": "malmo"}])
        self.ecs.update_cluster_settings(cluster="malmo", settings=[{"name": "containerInsights", "value": "enabled"}])
        full = self.ecs.describe_clusters(clusters=["malmo"], include=["SETTINGS"])["clusters"][0]
        self.assertEqual(full["settings"], [{"name": "containerInsights", "value": "enabled"}])
        self.ecs.tag_resource(resourceArn=full["clusterArn"], tags=[{"key": "a", "value": "b"}])
        self.assertEqual(len(self.ecs.list_tags_for_resource(resourceArn=full["clusterArn"])["tags"]), 2)
        self.assertEqual(self.ecs.delete_cluster(cluster="malmo")["cluster"]["status"], "INACTIVE")
        self.assertEqual(self.ecs.describe_clusters(clusters=["malmo"])["clusters"][0]["status"], "INACTIVE")
        self.assertEqual(self.ecs.list_clusters()["clusterArns"], [])
        self.refused("ClusterNotFoundException", self.ecs.list_services, cluster="malmo")
        self.refused("ClusterNotFoundException", self.ecs.delete_cluster, cluster="malmo")
        self.assertEqual(self.ecs.create_cluster(clusterName="malmo")["cluster"]["status"], "ACTIVE")

    def test_task_definitions(self) -> None:
        container = {
            "name": "web", "image": "web@sha256:0123", "user": "1000:1000", "readonlyRootFilesystem": True, "cpu": 256,
            "linuxParameters": {"initProcessEnabled": True, "capabilities": {"drop": ["ALL"]}},
            "secrets": [{"name": "KEY", "valueFrom": "arn:aws:secretsmanager:eu-north-1:210987654321:secret:k"}],
            "healthCheck": {"command": ["CMD", "true"], "interval": 5, "retries": 2, "startPeriod": 30, "timeout": 2},
            "logConfiguration": {"logDriver": "awslogs", "options": {"awslogs-group": "/malmo"}},
            "mountPoints": [{"sourceVolume": "tmp", "containerPath": "/tmp", "readOnly": False}],
            "environment": [{"name": "A", "value": "b"}], "stopTimeout": 30, "restartPolicy": {"enabled": True},
            "portMappings": [{"containerPort": 8080, "name": "http", "appProtocol": "http"}],
            "versionConsistency": "enabled",
        }
        given = {
            "family": "full", "networkMode": "bridge", "memory": "512", "cpu": "256", "requiresCompatibilities": ["EC2"],
            "runtimePlatform": {"cpuArchitecture": "ARM64", "operatingSystemFamily": "LINUX"},
            "volumes": [{"name": "tmp"}], "executionRoleArn": "arn:aws:iam::210987654321:role/e",
            "taskRoleArn": "arn:aws:iam::210987654321:role/t", "pidMode": "task", "enableFaultInjection": False,
        }
        tags = [{"key": "migrate:city", "value": "malmo"}]
        self.ecs.register_task_definition(**given, containerDefinitions=[container], tags=tags)
        answer = self.ecs.describe_task_definition(taskDefinition="full", include=["TAGS"])
        found = answer["taskDefinition"]
        self.assertEqual(answer["tags"], tags)
        self.assertEqual(found["volumes"], [{"name": "tmp", "host": {}}])
        for field in set(given) - {"volumes"}:
            self.assertEqual(found[field], given[field], field)
        for field in set(container) - {"portMappings"}:
            self.assertEqual(found["containerDefinitions"][0][field], container[field], field)
        port = {"containerPort": 8080, "hostPort": 0, "protocol": "tcp", "name": "http", "appProtocol": "http"}
        self.assertEqual(found["containerDefinitions"][0]["portMappings"], [port])
        arn = found["taskDefinitionArn"]
        self.assertEqual(self.ecs.delete_task_definitions(taskDefinitions=[arn])["failures"][0]["arn"], arn)
        self.ecs.deregister_task_definition(taskDefinition=arn)
        self.assertEqual(self.ecs.describe_task_definition(taskDefinition=arn)["taskDefinition"]["status"], "INACTIVE")
        self.refused("ClientException", self.ecs.describe_task_definition, taskDefinition="full")
        deleted = self.ecs.delete_task_definitions(taskDefinitions=[arn])["taskDefinitions"]
        self.assertEqual(deleted[0]["status"], "DELETE_IN_PROGRESS")
        made = self.ecs.register_task_definition(**given, containerDefinitions=[container])["taskDefinition"]
        self.assertEqual(made["revision"], 2)
        self.refused("ClientException", self.ecs.register_task_definition, family="bad",
                     containerDefinitions=[{**container, "memory": 10}])


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
        self.assertEqual(len(self.tasks()), 2)
        self.pass_time(300)
        self.assertEqual(self.rollout(), ("COMPLETED", 2, 1))
        self.assertEqual(self.health(), {"healthy": 2})

    def test_draining_moves_tasks(self) -> None:
        self.everything()
        arns = self.ecs.list_container_instances(cluster="malmo")["containerInstanceArns"]
        drained = self.ecs.update_container_instances_state(cluster="malmo", containerInstances=arns[:1], status="DRAINING")
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
        """What nobody looks at for a month costs no time: pauses grow, and nothing plans itself without end."""
        self.everything()
        self.definition("web:broken")
        config = {"deploymentCircuitBreaker": {"enable": False, "rollback": False}}
        self.ecs.update_service(cluster="malmo", service="web", taskDefinition="web:2", deploymentConfiguration=config)
        self.pass_time(30 * 24 * 3600)
        began = time.monotonic()
        self.assertEqual(self.rollout()[0], "IN_PROGRESS")
        self.assertLess(time.monotonic() - began, 8)
        self.assertEqual(self.health(), {"healthy": 2})

    def test_delete(self) -> None:
        self.everything()
        name = {"cluster": "malmo", "service": "web"}
        self.refused("InvalidParameterException", self.ecs.delete_service, **name)
        self.refused("ClusterContainsServicesException", self.ecs.delete_cluster, cluster="malmo")
        self.assertEqual(self.ecs.delete_service(**name, force=True)["service"]["status"], "DRAINING")
        self.refused("InvalidParameterException", self.service)
        self.assertEqual(self.seen()["status"], "DRAINING")
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
