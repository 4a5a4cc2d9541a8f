"""The health check asks another path, changed by hand with boto3. usage: by_hand_health.py PATH"""

import json
import sys

import boto3

route53 = boto3.client("route53", "eu-north-1")
for check in route53.list_health_checks()["HealthChecks"]:
    route53.update_health_check(HealthCheckId=check["Id"], ResourcePath=sys.argv[1])
print(json.dumps(None))
