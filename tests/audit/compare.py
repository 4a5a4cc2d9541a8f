"""Holds Prowler's findings to docs/security-baseline.md. usage: compare.py CITY OURS.json FINDINGS.json BASELINE.md

A finding counts if it is about something of the city: a resource in its state, or an instance, volume or network ACL in its VPC.
The document's tables name the accepted checks in their first column. Last line: `N passed, M failed`, N and M are checks.
"""

import json
import re
import sys

import boto3

city, ours_file, findings_file, baseline_file = sys.argv[1:]


def texts(value: object) -> list[str]:
    if isinstance(value, dict):
        return [text for item in value.values() for text in texts(item)]
    if isinstance(value, list):
        return [text for item in value for text in texts(item)]
    return [value] if isinstance(value, str) else []


with open(ours_file, encoding="utf-8") as file:
    resources = json.load(file)
vpc = next(r["outputs"]["id"] for r in resources if r["kind"] == "ec2:vpc")
names = {text for r in resources for text in texts(r["outputs"]) if len(text) > 4}
names |= {f":db:{city}", f"autoScalingGroupName/{city}", f":log-group:/migrate/{city}/", "migrate-state-", "migrate-logs-"}
ec2 = boto3.client("ec2")
inside = [{"Name": "vpc-id", "Values": [vpc]}]
for reservation in ec2.describe_instances(Filters=inside)["Reservations"]:
    for instance in reservation["Instances"]:
        names |= {instance["InstanceId"], *(d["Ebs"]["VolumeId"] for d in instance["BlockDeviceMappings"])}
names |= {acl["NetworkAclId"] for acl in ec2.describe_network_acls(Filters=inside)["NetworkAcls"]}

failing: dict[str, set[str]] = {}
passing: set[str] = set()
with open(findings_file, encoding="utf-8") as file:
    for finding in json.load(file):
        check = finding["metadata"]["event_code"]
        about = finding["resources"][0].get("uid", "")
        if not any(name in about for name in names):
            continue
        if finding["status_code"] == "FAIL":
            failing.setdefault(check, set()).add(f"{about}: {finding['status_detail']}")
        else:
            passing.add(check)
passing -= failing.keys()

with open(baseline_file, encoding="utf-8") as file:
    accepted = set(re.findall(r"^\| `([a-z0-9_]+)`", file.read(), re.MULTILINE))
unexpected = sorted(failing.keys() - accepted)
for check in unexpected:
    print(f"not accepted: {check}")
    for detail in sorted(failing[check]):
        print(f"    {detail}")
for check in sorted(accepted & passing):
    print(f"accepted, but holds for {city}: {check}")
print(f"{len(failing) - len(unexpected)} checks fail and are accepted, with their reasons, in {baseline_file}")
print(f"{len(passing)} passed, {len(unexpected)} failed")
sys.exit(bool(unexpected) or not passing)
