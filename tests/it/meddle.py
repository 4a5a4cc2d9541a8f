"""Changes one thing of a city behind migrate's back. usage: meddle.py CITY WHAT"""

import json
import sys
import time

import boto3

city, what = sys.argv[1:]
session = boto3.Session(region_name={"antwerp": "eu-west-1"}.get(city, "eu-north-1"))


def scaling() -> None:
    client = session.client("application-autoscaling")
    targets = client.describe_scalable_targets(ServiceNamespace="ecs")["ScalableTargets"]
    target = min((t for t in targets if f"/{city}/" in t["ResourceId"]), key=lambda t: t["ResourceId"])
    client.register_scalable_target(
        ServiceNamespace="ecs", ResourceId=target["ResourceId"], ScalableDimension=target["ScalableDimension"],
        MinCapacity=target["MinCapacity"], MaxCapacity=target["MaxCapacity"] + 5)


def tls_policy() -> None:
    client = session.client("elbv2")
    balancer = next(b for b in client.describe_load_balancers()["LoadBalancers"] if b["LoadBalancerName"].startswith(city))
    listeners = client.describe_listeners(LoadBalancerArn=balancer["LoadBalancerArn"])["Listeners"]
    https = next(listener for listener in listeners if listener["Port"] == 443)
    client.modify_listener(ListenerArn=https["ListenerArn"], SslPolicy="ELBSecurityPolicy-2016-08")


def backup_days() -> None:
    session.client("rds").modify_db_instance(DBInstanceIdentifier=city, BackupRetentionPeriod=3, ApplyImmediately=True)


def log_retention() -> None:
    client = session.client("logs")
    groups = [g["logGroupName"] for g in client.describe_log_groups(logGroupNamePrefix=f"/migrate/{city}/")["logGroups"]]
    client.put_retention_policy(logGroupName=next(g for g in sorted(groups) if "flow" not in g), retentionInDays=1)


def tagged(address: str) -> list[dict]:
    return [{"Name": "tag:migrate:address", "Values": [address]}, {"Name": "tag:migrate:city", "Values": [city]}]


def security_group(address: str) -> str:
    return session.client("ec2").describe_security_groups(Filters=tagged(address))["SecurityGroups"][0]["GroupId"]


def cut() -> None:
    client = session.client("ec2")
    for peering in client.describe_vpc_peering_connections(Filters=tagged("vpc/peering"))["VpcPeeringConnections"]:
        client.delete_vpc_peering_connection(VpcPeeringConnectionId=peering["VpcPeeringConnectionId"])


def open_ssh(address: str, **description: str) -> None:
    session.client("ec2").authorize_security_group_ingress(
        GroupId=security_group(address),
        IpPermissions=[{"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22,
                        "IpRanges": [{"CidrIp": "0.0.0.0/0", **description}]}])


def balancer() -> str:
    balancers = session.client("elbv2").describe_load_balancers()["LoadBalancers"]
    return next(b["LoadBalancerArn"] for b in balancers if b["LoadBalancerName"] == city)


def listener(port: int) -> str:
    listeners = session.client("elbv2").describe_listeners(LoadBalancerArn=balancer())["Listeners"]
    return next(one["ListenerArn"] for one in listeners if one["Port"] == port)


ANSWER = [{"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "200", "ContentType": "text/plain"}}]


def listener_rule(port: int) -> None:
    session.client("elbv2").create_rule(
        ListenerArn=listener(port), Priority=777, Actions=ANSWER,
        Conditions=[{"Field": "path-pattern", "PathPatternConfig": {"Values": ["/debug/*"]}}])


def rules_gone() -> None:
    """All that users meet: one that nobody meets is for a name that nobody has."""
    client = session.client("elbv2")
    for rule in client.describe_rules(ListenerArn=listener(443))["Rules"]:
        if not any(value.endswith(".invalid") for one in rule["Conditions"] for value in one["Values"]) and not rule["IsDefault"]:
            client.delete_rule(RuleArn=rule["RuleArn"])


def extra_listener() -> None:
    session.client("elbv2").create_listener(LoadBalancerArn=balancer(), Port=8080, Protocol="HTTP", DefaultActions=ANSWER)


def certificate() -> None:
    acm = session.client("acm")
    zone = {"malmo": "malmobybike.example", "drammen": "drammenbysykkel.example"}[city]
    arn = acm.request_certificate(DomainName=f"old.{zone}", ValidationMethod="DNS")["CertificateArn"]
    for _ in range(100):
        options = acm.describe_certificate(CertificateArn=arn)["Certificate"]["DomainValidationOptions"]
        if "ResourceRecord" in options[0]:
            break
        time.sleep(0.05)
    record = options[0]["ResourceRecord"]
    route53 = session.client("route53")
    zones = route53.list_hosted_zones_by_name(DNSName=zone)["HostedZones"]
    change = {"Action": "UPSERT", "ResourceRecordSet": {"Name": record["Name"], "Type": "CNAME", "TTL": 60,
                                                        "ResourceRecords": [{"Value": record["Value"]}]}}
    route53.change_resource_record_sets(HostedZoneId=zones[0]["Id"], ChangeBatch={"Changes": [change]})
    for _ in range(200):
        if acm.describe_certificate(CertificateArn=arn)["Certificate"]["Status"] == "ISSUED":
            break
        time.sleep(0.05)
    session.client("elbv2").add_listener_certificates(ListenerArn=listener(443), Certificates=[{"CertificateArn": arn}])


def target(port: int) -> None:
    client = session.client("elbv2")
    groups = client.describe_target_groups()["TargetGroups"]
    legacy = next(g for g in groups if g["TargetGroupName"].startswith(f"{city}-legacy"))
    client.register_targets(TargetGroupArn=legacy["TargetGroupArn"],
                            Targets=[{"Id": "10.40.1.99", "Port": port, "AvailabilityZone": "all"}])


def extra_route() -> None:
    client = session.client("ec2")
    gateway = client.describe_internet_gateways(Filters=tagged("vpc/internet-gateway"))["InternetGateways"][0]
    table = client.describe_route_tables(Filters=tagged("vpc/route-table.private-a"))["RouteTables"][0]
    client.create_route(RouteTableId=table["RouteTableId"], DestinationCidrBlock="192.0.2.0/24",
                        GatewayId=gateway["InternetGatewayId"])


def public_subnet() -> None:
    client = session.client("ec2")
    subnet = client.describe_subnets(Filters=tagged("vpc/subnet.private-a"))["Subnets"][0]
    client.modify_subnet_attribute(SubnetId=subnet["SubnetId"], MapPublicIpOnLaunch={"Value": True})


def scaling_policy() -> None:
    session.client("application-autoscaling").put_scaling_policy(
        PolicyName="by-hand", ServiceNamespace="ecs", ResourceId=f"service/{city}/web",
        ScalableDimension="ecs:service:DesiredCount", PolicyType="TargetTrackingScaling",
        TargetTrackingScalingPolicyConfiguration={
            "TargetValue": 5, "PredefinedMetricSpecification": {"PredefinedMetricType": "ECSServiceAverageCPUUtilization"}})


def parameter() -> None:
    name = {"malmo": "malmo-postgres16"}[city]
    session.client("rds").modify_db_parameter_group(DBParameterGroupName=name, Parameters=[
        {"ParameterName": "work_mem", "ParameterValue": "65536", "ApplyMethod": "immediate"}])


def attached_policy() -> None:
    session.client("iam").attach_role_policy(RoleName=f"{city}-ecs-task",
                                             PolicyArn="arn:aws:iam::aws:policy/AdministratorAccess")


def inline_policy() -> None:
    document = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
    session.client("iam").put_role_policy(RoleName=f"{city}-ecs-task", PolicyName="by-hand",
                                          PolicyDocument=json.dumps(document))


def closed() -> None:
    client = session.client("ec2")
    group = client.describe_security_groups(Filters=tagged("security-groups/load-balancer"))["SecurityGroups"][0]
    http = [p for p in group["IpPermissions"] if p["FromPort"] == 80]
    client.revoke_security_group_ingress(GroupId=group["GroupId"], IpPermissions=http)


WAYS = {
    "scaling": scaling,
    "tls-policy": tls_policy,
    "backup-days": backup_days,
    "log-retention": log_retention,
    "cut": cut,
    "open-ssh": lambda: open_ssh("security-groups/service"),
    "open-ssh-database": lambda: open_ssh("security-groups/database"),
    "open-ssh-load-balancer": lambda: open_ssh("security-groups/load-balancer"),
    "open-ssh-default": lambda: open_ssh("vpc/default-security-group"),
    "forged-ssh": lambda: open_ssh("security-groups/database", Description="migrate: tcp 22 from 0.0.0.0/0"),
    "closed": closed,
    "route": extra_route,
    "public-subnet": public_subnet,
    "listener": extra_listener,
    "rule-https": lambda: listener_rule(443),
    "rule-http": lambda: listener_rule(80),
    "rules-gone": rules_gone,
    "certificate": certificate,
    "target": lambda: target(80),
    "target-port": lambda: target(9999),
    "attached-policy": attached_policy,
    "inline-policy": inline_policy,
    "parameter": parameter,
    "scaling-policy": scaling_policy,
}
WAYS[what]()
print(json.dumps({"done": what}))
