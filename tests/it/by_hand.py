"""Makes things by hand, outside of migrate. usage: by_hand.py WHAT [ARGUMENT...]; prints the id"""

import json
import sys

import boto3

REGION = "eu-north-1"


def client(service: str):
    return boto3.client(service, region_name=REGION)


def vpc(cidr: str) -> str:
    return client("ec2").create_vpc(CidrBlock=cidr)["Vpc"]["VpcId"]


def group(name: str, description: str, city: str) -> str:
    """A security group in the city's VPC, with a hole in it."""
    ec2 = client("ec2")
    tags = [{"Name": "tag:migrate:city", "Values": [city]}]
    made = ec2.create_security_group(GroupName=name, Description=description,
                                     VpcId=ec2.describe_vpcs(Filters=tags)["Vpcs"][0]["VpcId"])["GroupId"]
    ec2.authorize_security_group_ingress(GroupId=made, IpProtocol="tcp", FromPort=22, ToPort=22, CidrIp="0.0.0.0/0")
    return made


def role(name: str) -> str:
    trust = {"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}]}
    client("iam").create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(trust))
    return name


def stray_address(city: str) -> str:
    """An Elastic IP like the city's own: what a create that was made twice would leave."""
    tags = [{"Key": "migrate:city", "Value": city}, {"Key": "migrate:address", "Value": "vpc/address.a"}]
    made = client("ec2").allocate_address(Domain="vpc", TagSpecifications=[{"ResourceType": "elastic-ip", "Tags": tags}])
    return made["AllocationId"]


def stray_vpc(city: str, cidr: str) -> str:
    made = vpc(cidr)
    client("ec2").create_tags(Resources=[made], Tags=[{"Key": "migrate:city", "Value": city},
                                                      {"Key": "migrate:address", "Value": "vpc/vpc"}])
    return made


def stray_routes(city: str) -> str:
    """A route table like one of the city's own."""
    ec2 = client("ec2")
    found = ec2.describe_vpcs(Filters=[{"Name": "tag:migrate:city", "Values": [city]}])["Vpcs"][0]["VpcId"]
    made = ec2.create_route_table(VpcId=found)["RouteTable"]["RouteTableId"]
    ec2.create_tags(Resources=[made], Tags=[{"Key": "migrate:city", "Value": city},
                                            {"Key": "migrate:address", "Value": "vpc/route-table.private-a"}])
    return made


def stray_queue(city: str) -> str:
    """Something whose kind the city doesn't have."""
    made = client("sqs").create_queue(QueueName=f"{city}-queue", tags={"migrate:city": city})["QueueUrl"]
    return client("sqs").get_queue_attributes(QueueUrl=made, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]


def there(identifier: str) -> bool:
    ec2 = client("ec2")
    every = [a["AllocationId"] for a in ec2.describe_addresses()["Addresses"]]
    every += [t["RouteTableId"] for t in ec2.describe_route_tables()["RouteTables"]]
    return identifier in every + [v["VpcId"] for v in ec2.describe_vpcs()["Vpcs"]]


def tags(identifier: str) -> dict[str, str]:
    found = client("ec2").describe_tags(Filters=[{"Name": "resource-id", "Values": [identifier]}])["Tags"]
    return {tag["Key"]: tag["Value"] for tag in found}


WAYS = {"vpc": vpc, "group": group, "role": role, "there": there, "tags": tags, "stray-address": stray_address,
        "stray-routes": stray_routes, "stray-vpc": stray_vpc, "stray-queue": stray_queue}
what, *arguments = sys.argv[1:]
print(json.dumps(WAYS[what](*arguments)))
