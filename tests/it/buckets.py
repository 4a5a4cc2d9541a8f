"""The settings of every bucket, by boto3. usage: buckets.py"""

import json

import boto3

s3 = boto3.client("s3")
result = {}
for bucket in s3.list_buckets()["Buckets"]:
    name = bucket["Name"]
    block = s3.get_public_access_block(Bucket=name)["PublicAccessBlockConfiguration"]
    rules = s3.get_bucket_encryption(Bucket=name)["ServerSideEncryptionConfiguration"]["Rules"]
    statements = json.loads(s3.get_bucket_policy(Bucket=name)["Policy"])["Statement"]
    result[name] = {
        "versioned": s3.get_bucket_versioning(Bucket=name).get("Status") == "Enabled",
        "encrypted": rules[0]["ApplyServerSideEncryptionByDefault"]["SSEAlgorithm"] == "AES256",
        "private": all(block.values()) and len(block) == 4,
        "tls_only": any(s["Effect"] == "Deny" and "aws:SecureTransport" in json.dumps(s) for s in statements),
    }
print(json.dumps(result))
