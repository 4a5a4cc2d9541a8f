"""Prints the current value of a secret, which is JSON.

usage: login.py ARN
"""

import sys

import boto3

arn = sys.argv[1]
secrets = boto3.client("secretsmanager", region_name=arn.split(":")[3])
print(secrets.get_secret_value(SecretId=arn)["SecretString"])
