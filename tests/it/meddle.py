"""Changes one thing of a city behind migrate's back. usage: meddle.py CITY WHAT"""

import json
import sys

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


def open_ssh() -> None:
    client = session.client("ec2")
    groups = client.describe_security_groups(Filters=[{"Name": "tag:migrate:address", "Values": ["security-groups/service"]},
                                                      {"Name": "tag:migrate:city", "Values": [city]}])["SecurityGroups"]
    client.authorize_security_group_ingress(GroupId=groups[0]["GroupId"], IpProtocol="tcp", FromPort=22, ToPort=22,
                                            CidrIp="0.0.0.0/0")


{"scaling": scaling, "tls-policy": tls_policy, "backup-days": backup_days, "log-retention": log_retention,
 "open-ssh": open_ssh}[what]()
print(json.dumps({"done": what}))
