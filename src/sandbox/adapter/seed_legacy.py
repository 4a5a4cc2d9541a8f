"""The machines of a city's legacy side: a network, web servers at their addresses, the database's."""

import ipaddress
from typing import Any

from moto.ec2.models import ec2_backends
from moto.ec2.models import instances as moto_instances

from . import web

IMAGE = "resolve:ssm:/aws/service/ecs/optimized-ami/amazon-linux-2023/recommended/image_id"
PORTS = {"postgres": 5432, "mysql": 3306}


def database_address(legacy: dict) -> tuple[str, int]:
    """(host, port) of the legacy database."""
    host, _, port = legacy["database"]["endpoint"].partition(":")
    return host, int(port or PORTS[legacy["database"]["engine"]])


def plant(client: Any, city: str, account: str, region: str, legacy: dict) -> dict[str, Any]:
    """Makes the machines; returns what `status` shows of them."""
    ec2 = client("ec2", account, region)
    host, port = database_address(legacy)
    targets = list(legacy.get("targets") or [])
    private = [one for one in [*targets, host] if _is_address(one)]
    block = ipaddress.ip_network(f"{private[0]}/16" if private else "10.40.0.0/16", strict=False)
    vpc = ec2.create_vpc(CidrBlock=str(block), TagSpecifications=_tags("vpc", f"{city}-legacy"))["Vpc"]["VpcId"]
    subnets = _Subnets(ec2, vpc, block, region, city)
    first = subnets.of(targets[0] if targets else str(block[256 + 10]))
    gateway = ec2.create_internet_gateway(TagSpecifications=_tags("internet-gateway", f"{city}-legacy"))
    gateway_id = gateway["InternetGateway"]["InternetGatewayId"]
    ec2.attach_internet_gateway(InternetGatewayId=gateway_id, VpcId=vpc)
    group = _group(ec2, vpc, city, [80, 443, int(legacy.get("port") or 80)], str(block), port)
    instances = _web_servers(ec2, account, region, city, legacy, targets, subnets, first, group)
    machine = _run(ec2, {"Name": f"{city}-legacy-database"}, subnets, host if _is_address(host) else None, first, group)
    return {"vpc": vpc, "security_group": group, "instances": instances, "database_instance": machine["InstanceId"]}


def _is_address(text: str) -> bool:
    try:
        return ipaddress.ip_address(text).is_private
    except ValueError:
        return False


def _tags(kind: str, name: str) -> list[dict]:
    return [{"ResourceType": kind, "Tags": [{"Key": "Name", "Value": name}]}]


class _Subnets:
    """The /24 subnets of the legacy VPC, made when an address of theirs is needed."""

    def __init__(self, ec2: Any, vpc: str, block: Any, region: str, city: str) -> None:
        self.ec2, self.vpc, self.block, self.region, self.city = ec2, vpc, block, region, city
        self.made: dict[str, str] = {}

    def of(self, address: str) -> str:
        block = str(ipaddress.ip_network(f"{address}/24", strict=False))
        if block not in self.made:
            zone = self.region + "ab"[len(self.made) % 2]
            self.made[block] = self.ec2.create_subnet(
                VpcId=self.vpc, CidrBlock=block, AvailabilityZone=zone,
                TagSpecifications=_tags("subnet", f"{self.city}-legacy-{len(self.made)}"),
            )["Subnet"]["SubnetId"]
        return self.made[block]


def _group(ec2: Any, vpc: str, city: str, ports: list[int], block: str, database: int) -> str:
    group = ec2.create_security_group(
        GroupName=f"{city}-legacy", Description=f"legacy servers of {city}", VpcId=vpc)["GroupId"]
    ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=[
        *({"IpProtocol": "tcp", "FromPort": port, "ToPort": port, "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}
          for port in sorted(set(ports))),
        # Their own network, and whatever is connected to it.
        {"IpProtocol": "tcp", "FromPort": database, "ToPort": database,
         "IpRanges": [{"CidrIp": one} for one in sorted({block, "10.0.0.0/8"})]},
    ])
    return group


def _web_servers(
    ec2: Any, account: str, region: str, city: str, legacy: dict, targets: list[str], subnets: _Subnets, first: str,
    group: str,
) -> list[dict[str, Any]]:
    chosen, addresses = legacy.get("instances") or {}, list(legacy.get("addresses") or [])
    ids, tags = list(chosen.get("ids") or []), chosen.get("tags") or {"Name": f"{city}-legacy-web"}
    made = []
    for n in range(max(len(ids), len(targets), len(addresses), 1)):
        target = targets[n] if n < len(targets) else None
        with _instance_id(ids[n] if n < len(ids) else None):
            instance = _run(ec2, tags, subnets, target, first, group)
        public = addresses[n] if n < len(addresses) else None
        if public:
            backend = ec2_backends[account][region]
            eip = backend.allocate_address("vpc", address=public, tags={"Name": f"{city}-legacy-{n}"})
            eip.public_ip = public
            ec2.associate_address(AllocationId=eip.allocation_id, InstanceId=instance["InstanceId"])
        web.LEGACY[instance["InstanceId"]] = {80, 443, int(legacy.get("port") or 80)}
        made.append({"id": instance["InstanceId"], "private": instance["PrivateIpAddress"], "public": public})
    return made


def _run(ec2: Any, tags: dict, subnets: _Subnets, address: str | None, fallback: str, group: str) -> dict[str, Any]:
    place = {"SubnetId": subnets.of(address), "PrivateIpAddress": address} if address else {"SubnetId": fallback}
    return ec2.run_instances(
        ImageId=IMAGE, InstanceType="t3.small", MinCount=1, MaxCount=1, SecurityGroupIds=[group], **place,
        TagSpecifications=[
            {"ResourceType": "instance", "Tags": [{"Key": key, "Value": value} for key, value in tags.items()]}],
    )["Instances"][0]


class _instance_id:
    """While it is entered, the next instance gets the given id, when there is one."""

    def __init__(self, wanted: str | None) -> None:
        self.wanted = wanted

    def __enter__(self) -> None:
        self.plain = moto_instances.random_instance_id
        if self.wanted:
            moto_instances.random_instance_id = lambda: self.wanted

    def __exit__(self, *_: Any) -> None:
        moto_instances.random_instance_id = self.plain
