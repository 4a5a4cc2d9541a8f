"""Load balancers, listeners, rules, target groups and targets, as boto3 sees them."""

import json
import unittest

from .base import REGION, Case


class LoadBalancers(Case):
    def setUp(self) -> None:
        self.control("POST", "reset")
        self.net = self.network(3)
        self.ec2, self.elb, self.acm = self.client("ec2"), self.client("elbv2"), self.client("acm")
        gateway = self.ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
        self.ec2.attach_internet_gateway(InternetGatewayId=gateway, VpcId=self.net["vpc"])
        self.group = self.security_group("lb")

    def security_group(self, name: str) -> str:
        return self.ec2.create_security_group(GroupName=name, Description=name, VpcId=self.net["vpc"])["GroupId"]

    def balancer(self, **given) -> dict:
        given = {"Name": "malmo", "Subnets": self.net["subnets"][:2], "SecurityGroups": [self.group],
                 "Tags": [{"Key": "migrate:city", "Value": "malmo"}], **given}
        return self.elb.create_load_balancer(**given)["LoadBalancers"][0]

    def targets(self, name: str = "web", **given) -> str:
        given = {"Name": name, "Protocol": "HTTP", "Port": 8080, "VpcId": self.net["vpc"], "TargetType": "ip",
                 "HealthCheckPath": "/healthz", "HealthCheckIntervalSeconds": 5, "HealthCheckTimeoutSeconds": 2,
                 "HealthyThresholdCount": 2, **given}
        return self.elb.create_target_group(**given)["TargetGroups"][0]["TargetGroupArn"]

    def listener(self, balancer: str, arn: str, port: int = 80, **given) -> dict:
        given = {"Protocol": "HTTP", "DefaultActions": [{"Type": "forward", "TargetGroupArn": arn}], **given}
        return self.elb.create_listener(LoadBalancerArn=balancer, Port=port, **given)["Listeners"][0]

    def interfaces(self) -> list:
        found = self.ec2.describe_network_interfaces(Filters=[{"Name": "vpc-id", "Values": [self.net["vpc"]]}])
        return found["NetworkInterfaces"]

    def health(self, arn: str) -> dict:
        found = self.elb.describe_target_health(TargetGroupArn=arn)["TargetHealthDescriptions"]
        return {t["Target"]["Id"]: t["TargetHealth"]["State"] for t in found}

    def state(self) -> str:
        return self.elb.describe_load_balancers(Names=["malmo"])["LoadBalancers"][0]["State"]["Code"]

    def test_life(self) -> None:
        made = self.balancer()
        arn = made["LoadBalancerArn"]
        self.assertEqual(self.state(), "provisioning")
        self.assertEqual(made["CanonicalHostedZoneId"], "Z23TAZ6LKFMNIO")
        self.assertTrue(made["DNSName"].endswith(f".{REGION}.elb.amazonaws.com"))
        self.pass_time(173)
        self.assertEqual(self.state(), "active")
        self.assertEqual(self.balancer()["LoadBalancerArn"], arn)
        self.refused("DuplicateLoadBalancerName", self.balancer, Subnets=self.net["subnets"])
        self.refused("DuplicateLoadBalancerName", self.balancer, Scheme="internal")
        self.assertEqual(len(self.elb.describe_load_balancers()["LoadBalancers"]), 1)
        self.assertEqual({i["SubnetId"] for i in self.interfaces()}, set(self.net["subnets"][:2]))
        self.assertEqual({g["GroupId"] for i in self.interfaces() for g in i["Groups"]}, {self.group})
        self.refused("DependencyViolation", self.ec2.delete_security_group, GroupId=self.group)
        self.refused("DependencyViolation", self.ec2.delete_subnet, SubnetId=self.net["subnets"][0])
        protect = {"Key": "deletion_protection.enabled", "Value": "true"}
        self.elb.modify_load_balancer_attributes(LoadBalancerArn=arn, Attributes=[protect])
        self.refused("OperationNotPermitted", self.elb.delete_load_balancer, LoadBalancerArn=arn)
        protect["Value"] = "false"
        self.elb.modify_load_balancer_attributes(LoadBalancerArn=arn, Attributes=[protect])
        self.elb.delete_load_balancer(LoadBalancerArn=arn)
        self.refused("LoadBalancerNotFound", self.elb.describe_load_balancers, Names=["malmo"])
        self.refused("LoadBalancerNotFound", self.elb.describe_tags, ResourceArns=[arn])
        self.refused("DependencyViolation", self.ec2.delete_security_group, GroupId=self.group)
        self.pass_time(18)
        self.assertEqual(self.interfaces(), [])
        self.ec2.delete_security_group(GroupId=self.group)
        self.ec2.delete_subnet(SubnetId=self.net["subnets"][0])

    def test_errors_and_changes(self) -> None:
        self.refused("ValidationError", self.balancer, Subnets=self.net["subnets"][:1])
        self.refused("SubnetNotFound", self.balancer, Subnets=["subnet-0123456789abcdef0", self.net["subnets"][0]])
        self.refused("InvalidSecurityGroup", self.balancer, SecurityGroups=["sg-0123456789abcdef0"])
        arn = self.balancer()["LoadBalancerArn"]
        other = self.security_group("other")
        self.elb.set_security_groups(LoadBalancerArn=arn, SecurityGroups=[other])
        self.assertEqual({g["GroupId"] for i in self.interfaces() for g in i["Groups"]}, {other})
        self.ec2.delete_security_group(GroupId=self.group)
        self.elb.set_subnets(LoadBalancerArn=arn, Subnets=self.net["subnets"][1:])
        self.pass_time(18)
        self.assertEqual({i["SubnetId"] for i in self.interfaces()}, set(self.net["subnets"][1:]))
        self.refused("InvalidConfigurationRequest", self.elb.modify_load_balancer_attributes, LoadBalancerArn=arn,
                     Attributes=[{"Key": "access_logs.s3.enabled", "Value": "true"},
                                 {"Key": "access_logs.s3.bucket", "Value": "no-such-bucket"}])
        s3 = self.client("s3")
        s3.create_bucket(Bucket="malmo-logs", CreateBucketConfiguration={"LocationConstraint": REGION})
        s3.put_bucket_policy(Bucket="malmo-logs", Policy=json.dumps({"Version": "2012-10-17", "Statement": [{
            "Effect": "Allow", "Principal": {"Service": "logdelivery.elasticloadbalancing.amazonaws.com"},
            "Action": "s3:PutObject", "Resource": "arn:aws:s3:::malmo-logs/*"}]}))
        self.elb.modify_load_balancer_attributes(LoadBalancerArn=arn, Attributes=[
            {"Key": "access_logs.s3.enabled", "Value": "true"},
            {"Key": "access_logs.s3.bucket", "Value": "malmo-logs"},
            {"Key": "routing.http.drop_invalid_header_fields.enabled", "Value": "true"}])
        found = self.elb.describe_load_balancer_attributes(LoadBalancerArn=arn)["Attributes"]
        attributes = {a["Key"]: a["Value"] for a in found}
        self.assertEqual(attributes["access_logs.s3.bucket"], "malmo-logs")
        self.assertEqual(attributes["routing.http.drop_invalid_header_fields.enabled"], "true")
        self.assertEqual(attributes["routing.http.desync_mitigation_mode"], "defensive")
        self.assertEqual(attributes["idle_timeout.timeout_seconds"], "60")
        self.elb.add_tags(ResourceArns=[arn], Tags=[{"Key": f"k{n}", "Value": "v"} for n in range(12)])
        tags = self.elb.describe_tags(ResourceArns=[arn])["TagDescriptions"][0]["Tags"]
        self.assertEqual(len(tags), 13)

    def test_target_groups(self) -> None:
        arn = self.targets()
        self.assertEqual(self.targets(), arn)
        self.refused("DuplicateTargetGroupName", self.targets, HealthCheckPath="/other")
        found = self.elb.describe_target_group_attributes(TargetGroupArn=arn)["Attributes"]
        attributes = {a["Key"]: a["Value"] for a in found}
        self.assertEqual(attributes["deregistration_delay.timeout_seconds"], "300")
        self.assertEqual(attributes["stickiness.type"], "lb_cookie")
        self.elb.modify_target_group(TargetGroupArn=arn, HealthCheckPath="/new", HealthyThresholdCount=3,
                                     Matcher={"HttpCode": "200-299"})
        group = self.elb.describe_target_groups(Names=["web"])["TargetGroups"][0]
        self.assertEqual((group["HealthCheckPath"], group["HealthyThresholdCount"]), ("/new", 3))
        self.assertEqual(group["Matcher"]["HttpCode"], "200-299")
        balancer = self.balancer()["LoadBalancerArn"]
        listener = self.listener(balancer, arn)["ListenerArn"]
        self.refused("ResourceInUse", self.elb.delete_target_group, TargetGroupArn=arn)
        users = lambda: self.elb.describe_target_groups(Names=["web"])["TargetGroups"][0]["LoadBalancerArns"]
        self.assertEqual(users(), [balancer])
        self.elb.delete_listener(ListenerArn=listener)
        self.assertEqual(users(), [])
        self.elb.delete_target_group(TargetGroupArn=arn)
        self.refused("TargetGroupNotFound", self.elb.describe_target_groups, Names=["web"])

    def test_targets_take_their_time(self) -> None:
        arn = self.targets()
        legacy = self.targets("legacy", Port=80)
        register = self.elb.register_targets
        register(TargetGroupArn=arn, Targets=[{"Id": "10.41.0.20"}, {"Id": "10.41.0.20", "Port": 9090}])
        self.assertEqual(self.health(arn), {"10.41.0.20": "unused"})
        self.refused("ValidationError", register, TargetGroupArn=legacy, Targets=[{"Id": "10.40.1.10"}])
        register(TargetGroupArn=legacy, Targets=[{"Id": "10.40.1.10", "AvailabilityZone": "all"}])
        self.refused("InvalidTarget", register, TargetGroupArn=arn, Targets=[{"Id": "203.0.113.9"}])
        balancer = self.balancer()["LoadBalancerArn"]
        self.elb.create_listener(LoadBalancerArn=balancer, Port=80, Protocol="HTTP", DefaultActions=[
            {"Type": "forward", "ForwardConfig": {"TargetGroups": [
                {"TargetGroupArn": arn, "Weight": 5}, {"TargetGroupArn": legacy, "Weight": 95}]}}])
        self.assertEqual(self.health(legacy), {"10.40.1.10": "initial"})
        self.pass_time(173)
        self.assertEqual(self.health(legacy), {"10.40.1.10": "initial"})
        self.pass_time(11)
        self.assertEqual(self.health(legacy), {"10.40.1.10": "healthy"})
        self.assertEqual(len(self.elb.describe_target_health(TargetGroupArn=arn)["TargetHealthDescriptions"]), 2)
        order = {"target_group_arn": legacy, "target_id": "10.40.1.10"}
        self.control("POST", "target-health", {**order, "state": "unhealthy"})
        described = self.elb.describe_target_health(TargetGroupArn=legacy)["TargetHealthDescriptions"][0]
        self.assertEqual(described["TargetHealth"]["Reason"], "Target.FailedHealthChecks")
        self.control("POST", "target-health", {**order, "state": None})
        self.assertEqual(self.health(legacy), {"10.40.1.10": "healthy"})
        self.elb.deregister_targets(TargetGroupArn=legacy, Targets=[{"Id": "10.40.1.10"}])
        self.assertEqual(self.health(legacy), {"10.40.1.10": "draining"})
        self.pass_time(301)
        self.assertEqual(self.health(legacy), {})
        asked = self.elb.describe_target_health(TargetGroupArn=legacy, Targets=[{"Id": "10.40.1.10"}])
        self.assertEqual(asked["TargetHealthDescriptions"][0]["TargetHealth"]["Reason"], "Target.NotRegistered")
        instances = self.targets("instances", TargetType="instance")
        self.refused("InvalidTarget", register, TargetGroupArn=instances, Targets=[{"Id": "i-0123456789abcdef0"}])

    def certificate(self, issued: bool) -> str:
        """A requested certificate; `issued`: with its validation record in DNS, and the time that takes."""
        name = f"{'www' if issued else 'api'}.malmobybike.example"
        arn = self.acm.request_certificate(DomainName=name, ValidationMethod="DNS")["CertificateArn"]
        if issued:
            self.pass_time(10)
            proof = self.acm.describe_certificate(CertificateArn=arn)["Certificate"]["DomainValidationOptions"][0]
            record = proof["ResourceRecord"]
            dns = self.client("route53")
            zone = dns.create_hosted_zone(Name="malmobybike.example", CallerReference="1")["HostedZone"]["Id"]
            dns.change_resource_record_sets(HostedZoneId=zone, ChangeBatch={"Changes": [
                {"Action": "UPSERT", "ResourceRecordSet": {
                    "Name": record["Name"], "Type": record["Type"], "TTL": 60,
                    "ResourceRecords": [{"Value": record["Value"]}]}}]})
            self.pass_time(120)
        return arn

    def test_listeners(self) -> None:
        balancer, arn = self.balancer()["LoadBalancerArn"], self.targets()
        to = {"Protocol": "HTTPS", "Port": "443", "StatusCode": "HTTP_301"}
        redirect = [{"Type": "redirect", "RedirectConfig": to}]
        plain = self.listener(balancer, arn, DefaultActions=redirect)
        self.assertNotIn("SslPolicy", plain)
        self.assertEqual(plain["DefaultActions"][0]["RedirectConfig"]["Host"], "#{host}")
        self.assertEqual(self.listener(balancer, arn, DefaultActions=redirect)["ListenerArn"], plain["ListenerArn"])
        self.refused("DuplicateListener", self.listener, balancer=balancer, arn=arn)
        missing = f"arn:aws:acm:{REGION}:{self.account}:certificate/00000000-0000-0000-0000-000000000000"
        https = {"balancer": balancer, "arn": arn, "port": 443, "Protocol": "HTTPS"}
        self.refused("ValidationError", self.listener, **https)
        self.refused("CertificateNotFound", self.listener, **https, Certificates=[{"CertificateArn": missing}])
        pending = self.certificate(False)
        self.refused("UnsupportedCertificate", self.listener, **https, Certificates=[{"CertificateArn": pending}])
        https["Certificates"] = [{"CertificateArn": self.certificate(True)}]
        self.refused("SSLPolicyNotFound", self.listener, **https, SslPolicy="ELBSecurityPolicy-None")
        made = self.listener(**https, SslPolicy="ELBSecurityPolicy-TLS13-1-2-2021-06")
        for policy in ("ELBSecurityPolicy-TLS13-1-2-Res-2021-06", "ELBSecurityPolicy-TLS13-1-2-Res-PQ-2025-09"):
            changed = self.elb.modify_listener(ListenerArn=made["ListenerArn"], SslPolicy=policy)["Listeners"][0]
            self.assertEqual(changed["SslPolicy"], policy)
        self.assertEqual(changed["Certificates"], https["Certificates"])
        self.refused("CertificateNotFound", self.elb.modify_listener, ListenerArn=made["ListenerArn"],
                     Certificates=[{"CertificateArn": missing}])
        self.refused("TargetGroupNotFound", self.elb.modify_listener, ListenerArn=made["ListenerArn"],
                     DefaultActions=[{"Type": "forward", "TargetGroupArn": arn + "0"}])
        in_use = self.acm.describe_certificate(CertificateArn=https["Certificates"][0]["CertificateArn"])["Certificate"]
        self.assertEqual(in_use["InUseBy"], [balancer])
        other = self.balancer(Name="other")["LoadBalancerArn"]
        self.refused("TargetGroupAssociationLimit", self.listener, balancer=other, arn=arn)
        self.elb.delete_listener(ListenerArn=made["ListenerArn"])
        self.refused("ListenerNotFound", self.elb.delete_listener, ListenerArn=made["ListenerArn"])

    def rule(self, listener: str, priority: int, action: dict, path: str = "/api/*") -> dict:
        conditions = [
            {"Field": "path-pattern", "PathPatternConfig": {"Values": [path]}},
            {"Field": "host-header", "HostHeaderConfig": {"Values": ["www.malmobybike.example"]}},
        ]
        return self.elb.create_rule(ListenerArn=listener, Priority=priority, Conditions=conditions, Actions=[action],
                                    Tags=[{"Key": "a", "Value": "b"}])["Rules"][0]

    def test_rules(self) -> None:
        balancer, arn, legacy = self.balancer()["LoadBalancerArn"], self.targets(), self.targets("legacy")
        listener = self.listener(balancer, arn)["ListenerArn"]
        weighted = {"Type": "forward", "ForwardConfig": {
            "TargetGroups": [{"TargetGroupArn": arn, "Weight": 5}, {"TargetGroupArn": legacy, "Weight": 95}],
            "TargetGroupStickinessConfig": {"Enabled": True, "DurationSeconds": 60}}}
        second = self.rule(listener, 20, weighted)
        first = self.rule(listener, 10, {"Type": "forward", "TargetGroupArn": arn})
        self.refused("PriorityInUse", self.rule, listener=listener, priority=10, action=weighted)
        rules = self.elb.describe_rules(ListenerArn=listener)["Rules"]
        self.assertEqual([r["Priority"] for r in rules], ["10", "20", "default"])
        self.assertEqual(rules[1]["Actions"][0]["ForwardConfig"], weighted["ForwardConfig"])
        forward = rules[0]["Actions"][0]["ForwardConfig"]
        self.assertEqual(forward["TargetGroups"], [{"TargetGroupArn": arn, "Weight": 1}])
        self.assertEqual(rules[0]["Conditions"][0]["Values"], ["/api/*"])
        self.elb.set_rule_priorities(RulePriorities=[{"RuleArn": first["RuleArn"], "Priority": 20},
                                                     {"RuleArn": second["RuleArn"], "Priority": 10}])
        rules = self.elb.describe_rules(ListenerArn=listener)["Rules"]
        self.assertEqual([r["RuleArn"] for r in rules[:2]], [second["RuleArn"], first["RuleArn"]])
        changed = self.elb.modify_rule(RuleArn=first["RuleArn"], Actions=[weighted])["Rules"][0]
        self.assertEqual(changed["Actions"][0]["ForwardConfig"], weighted["ForwardConfig"])
        self.refused("OperationNotPermitted", self.elb.delete_rule, RuleArn=rules[-1]["RuleArn"])
        for rule in (first, second):
            self.elb.delete_rule(RuleArn=rule["RuleArn"])
        self.refused("RuleNotFound", self.elb.delete_rule, RuleArn=first["RuleArn"])
        self.elb.delete_target_group(TargetGroupArn=legacy)


if __name__ == "__main__":
    unittest.main()
