"""Record sets of a public zone, by boto3. usage: records.py ZONE list | records.py ZONE change ACTION SET [ACTION SET …]"""

import json
import sys

import boto3

boto3.setup_default_session(region_name="eu-north-1")
route53 = boto3.client("route53")
domain, what = sys.argv[1:3]
zone = next(z["Id"] for z in route53.list_hosted_zones()["HostedZones"] if z["Name"] == f"{domain}.")

if what == "change":
    rest = sys.argv[3:]
    changes = [{"Action": a, "ResourceRecordSet": json.loads(s)} for a, s in zip(rest[::2], rest[1::2], strict=True)]
    route53.change_resource_record_sets(HostedZoneId=zone, ChangeBatch={"Changes": changes})
elif what == "again":  # somebody deletes the zone and makes it again, with the A records in ADDRESSES
    for found in route53.list_resource_record_sets(HostedZoneId=zone)["ResourceRecordSets"]:
        if found["Type"] not in ("NS", "SOA"):
            change = {"Action": "DELETE", "ResourceRecordSet": found}
            route53.change_resource_record_sets(HostedZoneId=zone, ChangeBatch={"Changes": [change]})
    route53.delete_hosted_zone(Id=zone)
    zone = route53.create_hosted_zone(Name=domain, CallerReference="again")["HostedZone"]["Id"]

found = route53.list_resource_record_sets(HostedZoneId=zone)["ResourceRecordSets"]
print(json.dumps([one for one in found if one["Type"] not in ("NS", "SOA")], default=str))
