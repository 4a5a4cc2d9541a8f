"""Looks into the state bucket and damages what is there. usage: bucket.py [in REGION] WHAT [KEY [TEXT]]"""

import json
import sys

import boto3

args = sys.argv[1:]
region = "eu-north-1"
if args[0] == "in":
    region, args = args[1], args[2:]
BUCKET = f"migrate-state-123456789012-{region}"
s3 = boto3.client("s3", region_name=region)
what, *rest = args
answer = {"done": what}


def text(key: str) -> str:
    return s3.get_object(Bucket=BUCKET, Key=key)["Body"].read().decode()


if what == "get":
    answer["text"] = text(rest[0])
elif what == "put":
    s3.put_object(Bucket=BUCKET, Key=rest[0], Body=rest[1].encode())
elif what == "replace":  # KEY OLD NEW
    before = text(rest[0])
    assert rest[1] in before, f"no {rest[1]} in {rest[0]}"
    s3.put_object(Bucket=BUCKET, Key=rest[0], Body=before.replace(rest[1], rest[2]).encode())
elif what == "delete":
    s3.delete_object(Bucket=BUCKET, Key=rest[0])
elif what == "delete-all":  # under a prefix
    for found in s3.get_paginator("list_objects_v2").paginate(Bucket=BUCKET, Prefix=rest[0]):
        for item in found.get("Contents", []):
            s3.delete_object(Bucket=BUCKET, Key=item["Key"])
elif what == "list":
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=BUCKET, Prefix=rest[0])
    answer["keys"] = [item["Key"] for page in pages for item in page.get("Contents", [])]
elif what == "copy":  # FROM TO
    s3.copy_object(Bucket=BUCKET, Key=rest[1], CopySource={"Bucket": BUCKET, "Key": rest[0]})
elif what == "begun":  # FROM TO: the state at FROM as if each of its deletions had been begun
    state = json.loads(text(rest[0]))
    for record in state["resources"].values():
        record["status"] = "deleting"
    s3.put_object(Bucket=BUCKET, Key=rest[1], Body=json.dumps(state).encode())
elif what == "remove":  # the bucket with everything in it
    versions = s3.get_paginator("list_object_versions").paginate(Bucket=BUCKET)
    for item in [item for page in versions for kind in ("Versions", "DeleteMarkers") for item in page.get(kind, [])]:
        s3.delete_object(Bucket=BUCKET, Key=item["Key"], VersionId=item["VersionId"])
    s3.delete_bucket(Bucket=BUCKET)
elif what == "unversioned":
    s3.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Suspended"})
else:
    sys.exit(f"{what}?")
print(json.dumps(answer))
