"""Makes a city's surroundings unfit for a move, by boto3. usage: unready.py CITY WHAT [FILE]"""

import json
import sys

import boto3

city, what = sys.argv[1:3]
boto3.setup_default_session(region_name="eu-north-1")
ec2, iam, route53 = boto3.client("ec2"), boto3.client("iam"), boto3.client("route53")
DOMAIN = {"malmo": "malmobybike.example", "drammen": "drammenbysykkel.example"}[city]


def zone() -> str:
    return next(z["Id"] for z in route53.list_hosted_zones()["HostedZones"] if z["Name"] == f"{DOMAIN}.")


def record(kind: str, name: str, values: list[str], ttl: int = 60) -> None:
    change = {"Name": name, "Type": kind, "TTL": ttl, "ResourceRecords": [{"Value": value} for value in values]}
    route53.change_resource_record_sets(
        HostedZoneId=zone(), ChangeBatch={"Changes": [{"Action": "UPSERT", "ResourceRecordSet": change}]})


def elastic_ips() -> None:
    while len(ec2.describe_addresses()["Addresses"]) < 5:
        ec2.allocate_address(Domain="vpc")


def stopped() -> None:
    found = ec2.describe_instances(Filters=[{"Name": "tag:Name", "Values": [f"{city}-web"]}])["Reservations"]
    ec2.stop_instances(InstanceIds=[found[0]["Instances"][0]["InstanceId"]])


def shut() -> None:
    """Today's servers let nobody in on the database's port."""
    groups = ec2.describe_security_groups(Filters=[{"Name": "group-name", "Values": [f"{city}-legacy"]}])["SecurityGroups"]
    rules = [p for p in groups[0]["IpPermissions"] if p.get("FromPort") in (5432, 3306)]
    ec2.revoke_security_group_ingress(GroupId=groups[0]["GroupId"], IpPermissions=rules)


def bucket() -> None:
    s3 = boto3.client("s3")
    name = next(b["Name"] for b in s3.list_buckets()["Buckets"] if b["Name"].startswith("migrate-state-"))
    s3.delete_bucket_policy(Bucket=name)
    s3.delete_public_access_block(Bucket=name)


def policy() -> None:
    """The sandbox's caller may do what the policy in FILE allows, and nothing else."""
    if "moto" not in [user["UserName"] for user in iam.list_users()["Users"]]:
        iam.create_user(UserName="moto")
    with open(sys.argv[3]) as file:
        iam.put_user_policy(UserName="moto", PolicyName="role", PolicyDocument=json.dumps(json.load(file)))


{
    "elastic-ips": elastic_ips,
    "shut": shut,
    "stopped": stopped,
    "bucket": bucket,
    "policy": policy,
    "caa": lambda: record("CAA", DOMAIN, ['0 issue "letsencrypt.org"']),
    "name-servers": lambda: record("NS", DOMAIN, ["ns1.registrar.example.", "ns2.registrar.example."]),
    "elsewhere": lambda: record("A", f"www.{DOMAIN}", ["192.0.2.77"], 3600),
}[what]()
print("{}")
