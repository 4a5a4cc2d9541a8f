"""What happens to a city's old or new side from outside. usage: ends.py CITY WHAT

stop, start: today's web servers. gone: today's servers, their network and addresses, for good. no-rds: the new database, without a word.
leads: what of the city leads to today's servers. task: the login that the newest task definition gives. master: the master's secret, now.
"""

import json
import sys
import time

import boto3
from botocore.exceptions import ClientError

city, what = sys.argv[1:]
session = boto3.Session(region_name={"antwerp": "eu-west-1"}.get(city, "eu-north-1"))
ec2, rds = session.client("ec2"), session.client("rds")
named = [{"Name": "tag:Name", "Values": [f"{city}-legacy"]}]
ours = [{"Name": "tag:migrate:city", "Values": [city]}]


def today() -> str:
    return ec2.describe_vpcs(Filters=named)["Vpcs"][0]["VpcId"]


def servers(vpc: str, web: bool) -> list[str]:
    found = ec2.describe_instances(Filters=[{"Name": "vpc-id", "Values": [vpc]}])["Reservations"]
    tags = {i["InstanceId"]: {t["Key"]: t["Value"] for t in i["Tags"]} for r in found for i in r["Instances"]}
    return [one for one, tag in tags.items() if not (web and tag["Name"] == f"{city}-legacy-database")]


def gone() -> None:
    vpc = today()
    for address in ec2.describe_addresses()["Addresses"]:
        if any(t["Key"] == "Name" and t["Value"].startswith(f"{city}-legacy") for t in address.get("Tags", [])):
            if address.get("AssociationId"):
                ec2.disassociate_address(AssociationId=address["AssociationId"])
            ec2.release_address(AllocationId=address["AllocationId"])
    ec2.terminate_instances(InstanceIds=servers(vpc, False))
    inside = [{"Name": "vpc-id", "Values": [vpc]}]
    for gateway in ec2.describe_internet_gateways(Filters=[{"Name": "attachment.vpc-id", "Values": [vpc]}])["InternetGateways"]:
        ec2.detach_internet_gateway(InternetGatewayId=gateway["InternetGatewayId"], VpcId=vpc)
    for subnet in ec2.describe_subnets(Filters=inside)["Subnets"]:
        ec2.delete_subnet(SubnetId=subnet["SubnetId"])
    for group in ec2.describe_security_groups(Filters=inside)["SecurityGroups"]:
        if group["GroupName"] != "default":
            ec2.delete_security_group(GroupId=group["GroupId"])
    ec2.delete_vpc(VpcId=vpc)


def no_rds() -> None:
    rds.modify_db_instance(DBInstanceIdentifier=city, DeletionProtection=False, ApplyImmediately=True)
    for _ in range(600):
        try:
            if rds.describe_db_instances(DBInstanceIdentifier=city)["DBInstances"][0]["DBInstanceStatus"] == "available":
                rds.delete_db_instance(DBInstanceIdentifier=city, SkipFinalSnapshot=True)
        except ClientError as error:
            if error.response["Error"]["Code"] == "DBInstanceNotFound":
                return
        time.sleep(0.1)
    raise SystemExit("it is still there")


def leads() -> list[str]:
    found = []
    peerings = ec2.describe_vpc_peering_connections(Filters=ours)["VpcPeeringConnections"]
    found += [p["VpcPeeringConnectionId"] for p in peerings if p["Status"]["Code"] in ("active", "pending-acceptance")]
    for table in ec2.describe_route_tables()["RouteTables"]:
        found += [r["DestinationCidrBlock"] for r in table["Routes"] if r.get("VpcPeeringConnectionId")]
    block = {"malmo": "10.40.", "drammen": "10.50."}[city]
    for rule in ec2.describe_security_group_rules()["SecurityGroupRules"]:
        group = ec2.describe_security_groups(GroupIds=[rule["GroupId"]])["SecurityGroups"][0]
        if any(t["Key"] == "migrate:city" for t in group.get("Tags", [])) and rule.get("CidrIpv4", "").startswith(block):
            found.append(f"{group['GroupName']} {rule['CidrIpv4']}")
    groups = session.client("elbv2").describe_target_groups()["TargetGroups"]
    return found + [g["TargetGroupName"] for g in groups if g["TargetType"] == "ip"]


def task() -> dict:
    ecs, secrets = session.client("ecs"), session.client("secretsmanager")
    newest = ecs.describe_task_definition(taskDefinition=f"{city}-web")["taskDefinition"]["containerDefinitions"][0]
    wanted = {one["name"]: one["valueFrom"] for one in newest["secrets"]}
    environment = {one["name"]: one["value"] for one in newest["environment"]}

    def read(name: str) -> str:
        arn, field = wanted[name].removesuffix("::").rsplit(":", 1)
        return json.loads(secrets.get_secret_value(SecretId=arn)["SecretString"])[field]

    return {"username": read("DATABASE_USER"), "password": read("DATABASE_PASSWORD"), "host": environment["DATABASE_HOST"],
            "port": int(environment["DATABASE_PORT"]), "dbname": environment["DATABASE_NAME"]}


def master() -> dict:
    instance = rds.describe_db_instances(DBInstanceIdentifier=city)["DBInstances"][0]
    secret = session.client("secretsmanager").get_secret_value(SecretId=instance["MasterUserSecret"]["SecretArn"])
    return {**json.loads(secret["SecretString"]), "host": instance["Endpoint"]["Address"], "port": instance["Endpoint"]["Port"],
            "dbname": "bikes"}


done = {
    "stop": lambda: ec2.stop_instances(InstanceIds=servers(today(), True)),
    "start": lambda: ec2.start_instances(InstanceIds=servers(today(), True)),
    "gone": gone, "no-rds": no_rds, "leads": leads, "task": task, "master": master,
}[what]()
print(json.dumps(done, default=str))
