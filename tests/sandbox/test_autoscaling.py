"""Auto Scaling groups and Application Auto Scaling, as boto3 sees them."""

import base64
import json
import unittest
from collections import Counter

from .base import Case

IMAGE = "resolve:ssm:/aws/service/ecs/optimized-ami/amazon-linux-2023/recommended/image_id"


class AutoScaling(Case):
    def setUp(self) -> None:
        self.control("POST", "reset")
        self.net = self.network(3)
        self.ec2, self.scaling = self.client("ec2"), self.client("autoscaling")

    def profile(self) -> None:
        iam = self.client("iam")
        iam.create_role(RoleName="nodes", AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17"}))
        iam.create_instance_profile(InstanceProfileName="nodes")
        iam.add_role_to_instance_profile(InstanceProfileName="nodes", RoleName="nodes")

    def template(self, **data) -> str:
        group = self.ec2.create_security_group(GroupName="nodes", Description="d", VpcId=self.net["vpc"])["GroupId"]
        data = {
            "ImageId": IMAGE,
            "InstanceType": "t3.small",
            "SecurityGroupIds": [group],
            "IamInstanceProfile": {"Name": "nodes"},
            "MetadataOptions": {"HttpTokens": "required", "HttpPutResponseHopLimit": 2},
            "UserData": base64.b64encode(b"#!/bin/sh\n").decode(),
            "TagSpecifications": [{"ResourceType": "instance", "Tags": [{"Key": "from", "Value": "template"}]}],
            "BlockDeviceMappings": [{"DeviceName": "/dev/xvda", "Ebs": {"VolumeSize": 30, "Encrypted": True}}],
            **data,
        }
        self.security_group = group
        made = self.ec2.create_launch_template(LaunchTemplateName="nodes", LaunchTemplateData=data)
        return made["LaunchTemplate"]["LaunchTemplateId"]

    def create(self, template: str, version: str = "$Latest", **given) -> None:
        self.scaling.create_auto_scaling_group(**{
            "AutoScalingGroupName": "malmo", "MinSize": 0, "MaxSize": 6, "DesiredCapacity": 3,
            "LaunchTemplate": {"LaunchTemplateId": template, "Version": version},
            "VPCZoneIdentifier": ",".join(self.net["subnets"]),
            "Tags": [{"Key": "migrate:city", "Value": "malmo", "PropagateAtLaunch": True},
                     {"Key": "hidden", "Value": "1", "PropagateAtLaunch": False}],
            **given,
        })

    def group(self) -> dict:
        found = self.scaling.describe_auto_scaling_groups(AutoScalingGroupNames=["malmo"])["AutoScalingGroups"]
        return found[0] if found else {}

    def states(self) -> dict:
        return Counter(i["LifecycleState"] for i in self.group().get("Instances", []))

    def instances(self) -> list:
        ids = [i["InstanceId"] for i in self.group()["Instances"]]
        found = self.ec2.describe_instances(InstanceIds=ids)
        return [i for r in found["Reservations"] for i in r["Instances"]]

    def test_instances_are_spread_and_carry_everything(self) -> None:
        self.profile()
        self.create(self.template(), NewInstancesProtectedFromScaleIn=True)
        self.assertEqual(self.states(), {"Pending": 3})
        self.pass_time(60)
        self.assertEqual(self.states(), {"InService": 3})
        group = self.group()
        self.assertEqual({i["AvailabilityZone"] for i in group["Instances"]}, set(group["AvailabilityZones"]))
        self.assertEqual(len({i["AvailabilityZone"] for i in group["Instances"]}), 3)
        self.assertTrue(all(i["ProtectedFromScaleIn"] for i in group["Instances"]))
        self.assertTrue(all(i["LaunchTemplate"]["Version"] == "1" for i in group["Instances"]))
        for instance in self.instances():
            tags = {t["Key"]: t["Value"] for t in instance["Tags"]}
            self.assertEqual((tags["from"], tags["migrate:city"]), ("template", "malmo"))
            self.assertEqual(tags["aws:autoscaling:groupName"], "malmo")
            self.assertNotIn("hidden", tags)
            number = self.net["subnets"].index(instance["SubnetId"])
            self.assertTrue(instance["PrivateIpAddress"].startswith(f"10.41.{number}."))
            self.assertNotIn("PublicIpAddress", instance)
            self.assertEqual(instance["MetadataOptions"]["HttpTokens"], "required")
            self.assertEqual(instance["MetadataOptions"]["HttpPutResponseHopLimit"], 2)
            self.assertTrue(instance["ImageId"].startswith("ami-"))
            self.assertTrue(instance["IamInstanceProfile"]["Arn"].endswith("/nodes"))
            self.assertEqual([g["GroupId"] for g in instance["SecurityGroups"]], [self.security_group])
            self.assertEqual([m["DeviceName"] for m in instance["BlockDeviceMappings"]], ["/dev/xvda"])

    def test_settings_are_kept(self) -> None:
        self.profile()
        given = {
            "HealthCheckType": "ELB", "HealthCheckGracePeriod": 120, "TerminationPolicies": ["OldestInstance"],
            "CapacityRebalance": True, "MaxInstanceLifetime": 604800, "DefaultInstanceWarmup": 60,
            "DefaultCooldown": 90, "NewInstancesProtectedFromScaleIn": True,
        }
        self.create(self.template(), **given)
        self.assertEqual({k: self.group()[k] for k in given}, given)
        self.scaling.enable_metrics_collection(AutoScalingGroupName="malmo", Granularity="1Minute",
                                               Metrics=["GroupMinSize", "GroupMaxSize"])
        self.assertEqual([m["Metric"] for m in self.group()["EnabledMetrics"]], ["GroupMaxSize", "GroupMinSize"])
        self.scaling.disable_metrics_collection(AutoScalingGroupName="malmo")
        self.assertEqual(self.group()["EnabledMetrics"], [])
        self.scaling.update_auto_scaling_group(AutoScalingGroupName="malmo", MaxInstanceLifetime=0, DefaultCooldown=30)
        self.assertNotIn("MaxInstanceLifetime", self.group())
        self.assertEqual(self.group()["DefaultCooldown"], 30)
        self.assertEqual(self.group()["TerminationPolicies"], ["OldestInstance"])
        self.scaling.suspend_processes(AutoScalingGroupName="malmo", ScalingProcesses=["AZRebalance"])
        self.assertEqual(self.group()["SuspendedProcesses"][0]["ProcessName"], "AZRebalance")

    def test_errors_of_creation(self) -> None:
        template = self.template()
        message = self.refused("ValidationError", self.create, template=template)
        self.assertIn("Invalid IAM Instance Profile", message)
        self.profile()
        self.refused("ValidationError", self.create, template="lt-0123456789abcdef0")
        self.refused("ValidationError", self.create, template=template, version="9")
        self.refused("ValidationError", self.create, template=template, DesiredCapacity=7)
        self.refused("ValidationError", self.create, template=template, VPCZoneIdentifier="subnet-0123456789abcdef0")
        self.assertEqual(self.group(), {})
        self.create(template)
        self.refused("AlreadyExists", self.create, template=template)
        missing = self.template_with_missing_image()
        self.refused("ValidationError", self.create, template=missing, AutoScalingGroupName="other")

    def template_with_missing_image(self) -> str:
        made = self.ec2.create_launch_template(
            LaunchTemplateName="missing",
            LaunchTemplateData={"ImageId": "resolve:ssm:/no/such", "InstanceType": "t3.small"},
        )
        return made["LaunchTemplate"]["LaunchTemplateId"]

    def test_update_and_find(self) -> None:
        self.profile()
        template = self.template()
        self.create(template, version="1")
        self.ec2.create_launch_template_version(
            LaunchTemplateId=template, SourceVersion="1", LaunchTemplateData={"InstanceType": "t3.medium"}
        )
        self.pass_time(60)
        name = {"AutoScalingGroupName": "malmo"}
        self.scaling.update_auto_scaling_group(
            **name, MinSize=1, MaxSize=4, DesiredCapacity=4,
            LaunchTemplate={"LaunchTemplateName": "nodes", "Version": "2"},
            VPCZoneIdentifier=",".join(self.net["subnets"][:2]),
        )
        self.assertEqual(self.group()["LaunchTemplate"]["Version"], "2")
        self.assertEqual(self.states(), {"InService": 3, "Pending": 1})
        types = Counter(i["InstanceType"] for i in self.group()["Instances"])
        self.assertEqual(types, {"t3.small": 3, "t3.medium": 1})
        self.scaling.update_auto_scaling_group(**name, MinSize=0, DesiredCapacity=1)
        self.pass_time(60)
        self.assertEqual(self.states(), {"InService": 1})
        self.refused("ValidationError", self.scaling.set_desired_capacity, **name, DesiredCapacity=9)
        self.refused("ValidationError", self.scaling.update_auto_scaling_group, AutoScalingGroupName="no", MinSize=1)
        by_tag = [{"Name": "tag:migrate:city", "Values": ["malmo"]}]
        self.assertEqual(len(self.scaling.describe_auto_scaling_groups(Filters=by_tag)["AutoScalingGroups"]), 1)
        by_tag[0]["Values"] = ["drammen"]
        self.assertEqual(self.scaling.describe_auto_scaling_groups(Filters=by_tag)["AutoScalingGroups"], [])

    def test_terminated_instance_is_replaced(self) -> None:
        self.profile()
        self.create(self.template())
        self.pass_time(60)
        victim = self.group()["Instances"][0]["InstanceId"]
        self.ec2.terminate_instances(InstanceIds=[victim])
        self.assertEqual(self.states(), {"InService": 2, "Pending": 1})
        self.pass_time(60)
        self.assertEqual(self.states(), {"InService": 3})
        self.assertEqual(len({i["AvailabilityZone"] for i in self.group()["Instances"]}), 3)
        activities = self.scaling.describe_scaling_activities(AutoScalingGroupName="malmo")["Activities"]
        self.assertGreaterEqual(len(activities), 4)

    def test_standby_detach_attach(self) -> None:
        self.profile()
        self.create(self.template())
        self.pass_time(60)
        name = {"AutoScalingGroupName": "malmo"}
        first, second = [i["InstanceId"] for i in self.group()["Instances"]][:2]
        self.scaling.enter_standby(**name, InstanceIds=[first], ShouldDecrementDesiredCapacity=True)
        self.assertEqual((self.states(), self.group()["DesiredCapacity"]), ({"Standby": 1, "InService": 2}, 2))
        self.scaling.exit_standby(**name, InstanceIds=[first])
        self.assertEqual((self.states(), self.group()["DesiredCapacity"]), ({"InService": 3}, 3))
        self.scaling.detach_instances(**name, InstanceIds=[second], ShouldDecrementDesiredCapacity=True)
        self.assertEqual(self.states(), {"InService": 2})
        self.scaling.attach_instances(**name, InstanceIds=[second])
        self.pass_time(60)
        self.assertEqual((self.states(), self.group()["DesiredCapacity"]), ({"InService": 3}, 3))
        self.scaling.terminate_instance_in_auto_scaling_group(InstanceId=first, ShouldDecrementDesiredCapacity=True)
        self.scaling.set_instance_health(InstanceId=second, HealthStatus="Unhealthy")
        self.pass_time(60)
        self.assertEqual(self.states(), {"InService": 2})
        self.assertNotIn(second, [i["InstanceId"] for i in self.group()["Instances"]])

    def test_delete(self) -> None:
        self.profile()
        self.create(self.template(), NewInstancesProtectedFromScaleIn=True)
        self.pass_time(60)
        name = {"AutoScalingGroupName": "malmo"}
        self.refused("ResourceInUse", self.scaling.delete_auto_scaling_group, **name)
        self.refused("DependencyViolation", self.ec2.delete_security_group, GroupId=self.security_group)
        self.scaling.delete_auto_scaling_group(**name, ForceDelete=True)
        self.assertEqual(self.group()["Status"], "Delete in progress")
        self.refused("AlreadyExists", self.scaling.create_auto_scaling_group, MinSize=0, MaxSize=1, **name,
                     LaunchTemplate={"LaunchTemplateName": "nodes"}, VPCZoneIdentifier=self.net["subnets"][0])
        self.pass_time(90)
        self.assertEqual(self.group(), {})
        alive = [{"Name": "instance-state-name", "Values": ["pending", "running", "shutting-down"]}]
        self.assertEqual(self.ec2.describe_instances(Filters=alive)["Reservations"], [])
        in_vpc = [{"Name": "vpc-id", "Values": [self.net["vpc"]]}]
        self.assertEqual(self.ec2.describe_network_interfaces(Filters=in_vpc)["NetworkInterfaces"], [])
        self.ec2.delete_security_group(GroupId=self.security_group)
        self.refused("ValidationError", self.scaling.delete_auto_scaling_group, **name)

    def test_instance_refresh(self) -> None:
        self.profile()
        template = self.template()
        self.create(template)
        self.pass_time(60)
        before = {i["InstanceId"] for i in self.group()["Instances"]}
        name = {"AutoScalingGroupName": "malmo"}
        refresh = self.scaling.start_instance_refresh(**name)["InstanceRefreshId"]
        self.refused("InstanceRefreshInProgress", self.scaling.start_instance_refresh, **name)
        self.pass_time(30)
        described = self.scaling.describe_instance_refreshes(**name)["InstanceRefreshes"][0]
        self.assertEqual((described["InstanceRefreshId"], described["Status"]), (refresh, "InProgress"))
        self.pass_time(300)
        described = self.scaling.describe_instance_refreshes(**name)["InstanceRefreshes"][0]
        self.assertEqual((described["Status"], described["PercentageComplete"]), ("Successful", 100))
        after = {i["InstanceId"] for i in self.group()["Instances"]}
        self.assertEqual((len(after), before & after), (3, set()))


class Application(Case):
    """Targets and policies of an ECS service, with their alarms."""

    def setUp(self) -> None:
        self.control("POST", "reset")
        self.ecs, self.scaling = self.client("ecs"), self.client("application-autoscaling")
        self.cloudwatch = self.client("cloudwatch")
        self.ecs.create_cluster(clusterName="malmo")
        self.ecs.register_task_definition(
            family="web", containerDefinitions=[{"name": "web", "image": "web:1", "memory": 128}]
        )
        self.target = {"ServiceNamespace": "ecs", "ResourceId": "service/malmo/web",
                       "ScalableDimension": "ecs:service:DesiredCount"}

    def policy(
        self, value: float = 60.0, metric: str = "ECSServiceAverageCPUUtilization", label: str | None = None
    ) -> dict:
        specification = {"PredefinedMetricType": metric, **({"ResourceLabel": label} if label else {})}
        return self.scaling.put_scaling_policy(
            **self.target, PolicyName="cpu", PolicyType="TargetTrackingScaling",
            TargetTrackingScalingPolicyConfiguration={
                "TargetValue": value, "PredefinedMetricSpecification": specification,
                "ScaleInCooldown": 300, "ScaleOutCooldown": 60},
        )

    def alarms(self) -> list:
        prefix = "TargetTracking-service/malmo/web-Alarm"
        return self.cloudwatch.describe_alarms(AlarmNamePrefix=prefix)["MetricAlarms"]

    def test_target_and_policy(self) -> None:
        register = self.scaling.register_scalable_target
        self.refused("ValidationException", register, **self.target, MinCapacity=2, MaxCapacity=8)
        self.ecs.create_service(cluster="malmo", serviceName="web", taskDefinition="web", desiredCount=0)
        self.refused("ObjectNotFoundException", self.policy)
        register(**self.target, MinCapacity=2, MaxCapacity=8, Tags={"migrate:city": "malmo"})
        arn = register(**self.target, MaxCapacity=9)["ScalableTargetARN"]
        found = self.scaling.describe_scalable_targets(ServiceNamespace="ecs")["ScalableTargets"]
        self.assertEqual([(t["MinCapacity"], t["MaxCapacity"]) for t in found], [(2, 9)])
        self.assertEqual(self.scaling.list_tags_for_resource(ResourceARN=arn)["Tags"], {"migrate:city": "malmo"})
        self.refused("ValidationException", register, **self.target, MinCapacity=10)
        for label in (None, "app/malmo/0123456789abcdef/targetgroup/web/0123456789abcdef"):
            self.refused("ValidationException", self.policy, metric="ALBRequestCountPerTarget", label=label)
        first = self.policy()
        self.assertEqual(len(first["Alarms"]), 2)
        self.assertEqual(sorted(a["Threshold"] for a in self.alarms()), [54.0, 60.0])
        second = self.policy(70.0)
        self.assertEqual(first["PolicyARN"], second["PolicyARN"])
        self.assertEqual(sorted(a["Threshold"] for a in self.alarms()), [63.0, 70.0])
        described = self.scaling.describe_scaling_policies(ServiceNamespace="ecs", ResourceId="service/malmo/web")
        config = described["ScalingPolicies"][0]["TargetTrackingScalingPolicyConfiguration"]
        self.assertEqual((config["TargetValue"], config["ScaleOutCooldown"]), (70.0, 60))
        self.scaling.deregister_scalable_target(**self.target)
        self.assertEqual(self.alarms(), [])
        self.assertEqual(self.scaling.describe_scaling_policies(ServiceNamespace="ecs")["ScalingPolicies"], [])
        self.refused("ObjectNotFoundException", self.scaling.deregister_scalable_target, **self.target)

    def test_a_service_has_as_many_tasks_as_its_range_allows(self) -> None:
        self.ecs.create_service(cluster="malmo", serviceName="web", taskDefinition="web", desiredCount=1)

        def desired() -> int:
            self.pass_time(15)
            return self.ecs.describe_services(cluster="malmo", services=["web"])["services"][0]["desiredCount"]

        for low, high, expected in ((1, 4, 1), (3, 4, 3), (1, 4, 3), (1, 2, 2)):
            self.scaling.register_scalable_target(**self.target, MinCapacity=low, MaxCapacity=high)
            self.assertEqual(desired(), expected)

    def test_goes_with_its_service(self) -> None:
        self.ecs.create_service(cluster="malmo", serviceName="web", taskDefinition="web", desiredCount=0)
        self.scaling.register_scalable_target(**self.target, MinCapacity=2, MaxCapacity=8)
        self.policy()
        self.ecs.delete_service(cluster="malmo", service="web")
        self.pass_time(5)
        self.assertEqual(self.scaling.describe_scalable_targets(ServiceNamespace="ecs")["ScalableTargets"], [])
        self.assertEqual(self.alarms(), [])


if __name__ == "__main__":
    unittest.main()
