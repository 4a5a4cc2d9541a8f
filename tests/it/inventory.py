"""What of a city is at AWS, by boto3 alone: knows nothing of the state, looks for tags, names and records.

usage: inventory.py CITY -> {"count": n, "things": {kind: [...]}, "doubled": [...], "snapshots": n, "records": {...}}
"""

import json
import os
import sys
from collections import Counter

import boto3

city = sys.argv[1]
region = {"antwerp": "eu-west-1"}.get(city, "eu-north-1")
session = boto3.Session(region_name=region)
things: dict[str, list[str]] = {}
addresses: Counter[str] = Counter()


def keep(kind: str, names: list[str]) -> None:
    if names:
        things[kind] = sorted(names)


def pages(client, operation: str, key: str, **arguments) -> list:
    return [item for page in client.get_paginator(operation).paginate(**arguments) for item in page[key]]


def ours(tags: list[dict], key: str = "Key", value: str = "Value") -> bool:
    found = {tag[key]: tag[value] for tag in tags or []}
    if found.get("migrate:city") == city and "migrate:address" in found:
        addresses[found["migrate:address"]] += 1
    return found.get("migrate:city") == city


ec2 = session.client("ec2")
tagged = [{"Name": "tag:migrate:city", "Values": [city]}]
for kind, operation, key, name in [
    ("vpc", "describe_vpcs", "Vpcs", "VpcId"),
    ("subnet", "describe_subnets", "Subnets", "SubnetId"),
    ("internet gateway", "describe_internet_gateways", "InternetGateways", "InternetGatewayId"),
    ("address", "describe_addresses", "Addresses", "AllocationId"),
    ("route table", "describe_route_tables", "RouteTables", "RouteTableId"),
    ("endpoint", "describe_vpc_endpoints", "VpcEndpoints", "VpcEndpointId"),
    ("security group", "describe_security_groups", "SecurityGroups", "GroupId"),
    ("launch template", "describe_launch_templates", "LaunchTemplates", "LaunchTemplateId"),
]:
    found = getattr(ec2, operation)(Filters=tagged)[key]
    keep(kind, [item[name] for item in found if ours(item["Tags"])])
nat = [n for n in ec2.describe_nat_gateways(Filters=tagged)["NatGateways"] if n["State"] != "deleted"]
keep("nat gateway", [n["NatGatewayId"] for n in nat if ours(n["Tags"])])
peerings = [p for p in ec2.describe_vpc_peering_connections(Filters=tagged)["VpcPeeringConnections"] if ours(p["Tags"])]
peerings = {p["VpcPeeringConnectionId"]: p for p in peerings if p["Status"]["Code"] in ("pending-acceptance", "active")}
keep("peering", list(peerings))
# In the tables of today's servers: whatever leads through a peering connection, the city's or one that is gone.
today = [v["VpcId"] for v in ec2.describe_vpcs(Filters=[{"Name": "tag:Name", "Values": [f"{city}-legacy"]}])["Vpcs"]]
tables = ec2.describe_route_tables(Filters=[{"Name": "vpc-id", "Values": today}])["RouteTables"] if today else []
keep("return route", [f"{r['DestinationCidrBlock']} {r['State']}" for t in tables for r in t["Routes"] if r.get("VpcPeeringConnectionId")])
flow_logs = [f for f in ec2.describe_flow_logs()["FlowLogs"] if ours(f.get("Tags", []))]
keep("flow log", [f["FlowLogId"] for f in flow_logs])
instances = [i for r in ec2.describe_instances(Filters=tagged)["Reservations"] for i in r["Instances"]]
keep("instance", [i["InstanceId"] for i in instances if i["State"]["Name"] not in ("terminated", "shutting-down")])

rds = session.client("rds")
keep("database", [d["DBInstanceIdentifier"] for d in rds.describe_db_instances()["DBInstances"] if ours(d["TagList"])])
groups = rds.describe_db_subnet_groups()["DBSubnetGroups"]
keep("database subnet group", [g["DBSubnetGroupName"] for g in groups if g["DBSubnetGroupName"].startswith(city)])
groups = rds.describe_db_parameter_groups()["DBParameterGroups"]
keep("parameter group", [g["DBParameterGroupName"] for g in groups if g["DBParameterGroupName"].startswith(city)])
snapshots = [s["DBSnapshotIdentifier"] for s in rds.describe_db_snapshots(SnapshotType="manual")["DBSnapshots"]]

ecs = session.client("ecs")
clusters = ecs.describe_clusters(clusters=ecs.list_clusters()["clusterArns"], include=["TAGS"])["clusters"]
clusters = [c for c in clusters if c["status"] != "INACTIVE" and ours(c.get("tags"), "key", "value")]
keep("cluster", [c["clusterName"] for c in clusters])
for cluster in clusters:
    keep("service", ecs.list_services(cluster=cluster["clusterArn"])["serviceArns"])
    keep("container instance", ecs.list_container_instances(cluster=cluster["clusterArn"])["containerInstanceArns"])
families = pages(ecs, "list_task_definition_families", "families", familyPrefix=f"{city}-")
keep("task definition", [arn for family in families for status in ("ACTIVE", "INACTIVE")
                         for arn in pages(ecs, "list_task_definitions", "taskDefinitionArns", familyPrefix=family, status=status)])
providers = [p["name"] for p in ecs.describe_capacity_providers()["capacityProviders"] if p["status"] == "ACTIVE"]
keep("capacity provider", [name for name in providers if name.startswith(city)])

autoscaling = session.client("autoscaling")
keep("auto scaling group", [g["AutoScalingGroupName"] for g in autoscaling.describe_auto_scaling_groups()["AutoScalingGroups"]
                            if ours(g["Tags"])])
scaling = session.client("application-autoscaling")
targets = scaling.describe_scalable_targets(ServiceNamespace="ecs")["ScalableTargets"]
keep("scalable target", [t["ResourceId"] for t in targets if f"/{city}/" in t["ResourceId"]])
policies = scaling.describe_scaling_policies(ServiceNamespace="ecs")["ScalingPolicies"]
keep("scaling policy", [p["PolicyName"] for p in policies if f"/{city}/" in p["ResourceId"]])

elb = session.client("elbv2")
for kind, operation, key, arn in [
    ("load balancer", "describe_load_balancers", "LoadBalancers", "LoadBalancerArn"),
    ("target group", "describe_target_groups", "TargetGroups", "TargetGroupArn"),
]:
    arns = [item[arn] for item in getattr(elb, operation)()[key]]
    tags = elb.describe_tags(ResourceArns=arns)["TagDescriptions"] if arns else []
    keep(kind, [t["ResourceArn"] for t in tags if ours(t["Tags"])])
for arn in things.get("load balancer", []):
    listeners = elb.describe_listeners(LoadBalancerArn=arn)["Listeners"]
    keep("listener", [f"{listener['Port']}" for listener in listeners])
    keep("rule", [r["RuleArn"] for listener in listeners
                  for r in elb.describe_rules(ListenerArn=listener["ListenerArn"])["Rules"] if not r["IsDefault"]])
acm = session.client("acm")
certificates = [c["CertificateArn"] for c in acm.list_certificates(Includes={"keyTypes": ["RSA_2048", "EC_prime256v1"]})["CertificateSummaryList"]]
keep("certificate", [a for a in certificates if ours(acm.list_tags_for_certificate(CertificateArn=a)["Tags"])])

cloudwatch = session.client("cloudwatch")
alarms = [a["AlarmName"] for a in cloudwatch.describe_alarms()["MetricAlarms"]]
keep("alarm", [a for a in alarms if a.startswith(city) or f"/{city}/" in a])
keep("dashboard", [d["DashboardName"] for d in cloudwatch.list_dashboards()["DashboardEntries"]
                   if d["DashboardName"].startswith(city)])
logs = session.client("logs")
groups = [g["logGroupName"] for g in logs.describe_log_groups()["logGroups"]]
keep("log group", [g for g in groups if g.startswith(f"/migrate/{city}/")])
sns = session.client("sns")
keep("topic", [t["TopicArn"] for t in sns.list_topics()["Topics"] if t["TopicArn"].split(":")[-1].startswith(city)])
subscriptions = sns.list_subscriptions()["Subscriptions"]
keep("subscription", [s["Endpoint"] for s in subscriptions if s["TopicArn"].split(":")[-1].startswith(city)])
iam = session.client("iam")
keep("role", [r["RoleName"] for r in iam.list_roles()["Roles"] if r["RoleName"].startswith(f"{city}-")])
keep("instance profile", [p["InstanceProfileName"] for p in iam.list_instance_profiles()["InstanceProfiles"]
                          if p["InstanceProfileName"].startswith(city)])
route53 = session.client("route53")
checks = route53.list_health_checks()["HealthChecks"]
keep("health check", [c["Id"] for c in checks if ours(route53.list_tags_for_resource(
    ResourceType="healthcheck", ResourceId=c["Id"])["ResourceTagSet"]["Tags"])])
records = {}
for zone in route53.list_hosted_zones()["HostedZones"]:
    if city not in zone["Name"] and not os.environ.get("ALL_ZONES"):
        continue
    for record in route53.list_resource_record_sets(HostedZoneId=zone["Id"])["ResourceRecordSets"]:
        if record["Type"] in ("NS", "SOA"):
            continue
        identifier = record.get("SetIdentifier", "")
        records[f"{record['Name']} {record['Type']} {identifier}".strip()] = [r["Value"] for r in record.get("ResourceRecords", [])]
        if identifier or record["Type"] == "CNAME":
            things.setdefault("record", []).append(f"{record['Name']} {record['Type']} {identifier}")

print(json.dumps({
    "count": sum(len(names) for names in things.values()),
    "things": things,
    "doubled": sorted(address for address, count in addresses.items() if count > 1),
    "snapshots": len([s for s in snapshots if s.startswith(city)]),
    "records": records,
}))
