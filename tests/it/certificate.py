"""Somebody's own certificate for a name, by boto3. usage: certificate.py NAME | certificate.py --delete"""

import json
import sys

import boto3

acm = boto3.client("acm", "eu-north-1")
if sys.argv[1] == "--delete":
    for one in acm.list_certificates()["CertificateSummaryList"]:
        acm.delete_certificate(CertificateArn=one["CertificateArn"])
    print(json.dumps(None))
else:
    print(json.dumps(acm.request_certificate(DomainName=sys.argv[1], ValidationMethod="DNS")["CertificateArn"]))
