"""ECS: the world that its tests share; clusters, task definitions, and capacity from Auto Scaling."""

import base64
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
        made = self.elb.create_load_balancer(
            Name="malmo", Subnets=self.net["subnets"], SecurityGroups=[self.group])
        return made["LoadBalancers"][0]["LoadBalancerArn"]

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
        deleted = self.ecs.delete_capacity_provider(capacityProvider="nodes")["capacityProvider"]
        self.assertEqual(deleted["status"], "INACTIVE")
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
        include = ["SETTINGS", "TAGS", "CONFIGURATIONS"]
        full = self.ecs.describe_clusters(clusters=["malmo"], include=include)["clusters"][0]
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
            "family": "full", "networkMode": "bridge", "memory": "512", "cpu": "256",
            "requiresCompatibilities": ["EC2"],
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


if __name__ == "__main__":
    unittest.main()
