"""The frame: accounts, counting, latency, faults of every protocol, control address, atomicity."""

import http.client
import json
import threading
import unittest
import urllib.error
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from botocore.exceptions import ClientError, ConnectionClosedError, ConnectionError, ReadTimeoutError

from .base import Case, endpoint

LISTENING = Path("/proc/net/tcp")
READS = (
    ("ec2", "DescribeVpcs", "describe_vpcs", "RequestLimitExceeded"),
    ("rds", "DescribeDBInstances", "describe_db_instances", "Throttling"),
    ("ecs", "ListClusters", "list_clusters", "ThrottlingException"),
    ("logs", "DescribeLogGroups", "describe_log_groups", "ThrottlingException"),
    ("s3", "ListBuckets", "list_buckets", "SlowDown"),
    ("route53", "ListHostedZones", "list_hosted_zones", "Throttling"),
    ("cloudwatch", "DescribeAlarms", "describe_alarms", "Throttling"),
    ("sns", "ListTopics", "list_topics", "Throttling"),
)


class Frame(Case):
    def setUp(self) -> None:
        self.control("POST", "reset")

    def counts(self) -> dict:
        return self.control("GET", "status")["calls"]["by_operation"]

    def fault(self, **rule) -> None:
        self.control("POST", "faults", rule)

    def test_the_access_key_names_the_account(self) -> None:
        self.assertEqual(self.client("sts").get_caller_identity()["Account"], "210987654321")
        other = self.client("sts", account="111122223333")
        self.assertEqual(other.get_caller_identity()["Account"], "111122223333")
        self.client("ec2").create_vpc(CidrBlock="10.0.0.0/16")
        seen = [v["CidrBlock"] for v in self.client("ec2", account="111122223333").describe_vpcs()["Vpcs"]]
        self.assertNotIn("10.0.0.0/16", seen)
        role = other.assume_role(RoleArn="arn:aws:iam::111122223333:role/migrate", RoleSessionName="test")
        self.assertIn("migrate", role["AssumedRoleUser"]["Arn"])

    def test_calls_are_counted_by_their_names(self) -> None:
        s3 = self.client("s3")
        s3.create_bucket(Bucket="state", CreateBucketConfiguration={"LocationConstraint": "eu-north-1"})
        s3.put_object(Bucket="state", Key="cities/malmo.json", Body=b"{}")
        s3.get_object(Bucket="state", Key="cities/malmo.json")
        s3.head_object(Bucket="state", Key="cities/malmo.json")
        s3.list_objects_v2(Bucket="state")
        route53 = self.client("route53")
        zone = route53.create_hosted_zone(Name="a.example", CallerReference="1")["HostedZone"]["Id"]
        route53.list_resource_record_sets(HostedZoneId=zone)
        for service, _, call, _ in READS:
            getattr(self.client(service), call)()
        seen = self.counts()
        for name in ("s3.CreateBucket", "s3.PutObject", "s3.GetObject", "s3.HeadObject", "s3.ListObjectsV2",
                     "route53.CreateHostedZone", "route53.ListResourceRecordSets",
                     *(f"{service}.{operation}" for service, operation, _, _ in READS)):
            self.assertEqual(seen.get(name), 1, name)
        calls = self.control("GET", "calls")["calls"]
        self.assertEqual(len(calls), sum(seen.values()))
        self.assertTrue(all(c["end"] >= c["start"] and c["status"] for c in calls))
        self.control("POST", "reset-calls")
        self.assertEqual(self.counts(), {})

    def test_throttling_in_every_protocol(self) -> None:
        for service, operation, call, code in READS:
            self.fault(service=service, operation=operation, kind="throttle")
            self.refused(code, getattr(self.client(service), call))
            getattr(self.client(service), call)()

    def test_errors_by_number_and_count(self) -> None:
        self.fault(service="ec2", operation="DescribeVpcs", kind="error", nth=2, count=2, code="Oops", status=400,
                   message="on purpose")
        ec2, seen = self.client("ec2"), []
        for _ in range(4):
            try:
                ec2.describe_vpcs()
                seen.append("ok")
            except ClientError as error:
                seen.append(error.response["Error"]["Message"])
        self.assertEqual([s.startswith("on purpose") for s in seen], [False, True, True, False])
        for kind, status in (("500", 500), ("503", 503)):
            self.fault(service="ecs", kind=kind)
            with self.assertRaises(ClientError) as caught:
                self.client("ecs").list_clusters()
            self.assertEqual(caught.exception.response["ResponseMetadata"]["HTTPStatusCode"], status)
        self.fault(kind="throttle", count=None)
        self.control("DELETE", "faults")
        ec2.describe_vpcs()

    def test_a_lost_reply_has_its_effect(self) -> None:
        ec2 = self.client("ec2")
        before = len(ec2.describe_vpcs()["Vpcs"])
        for kind, more in (("reset", 0), ("lost_reply", 1)):
            self.fault(service="ec2", operation="CreateVpc", kind=kind)
            with self.assertRaises((ConnectionError, ConnectionClosedError)):
                ec2.create_vpc(CidrBlock="10.0.0.0/16")
            self.assertEqual(len(ec2.describe_vpcs()["Vpcs"]), before + more)

    def test_timeout_and_error_after_the_effect(self) -> None:
        self.fault(service="ec2", operation="DescribeVpcs", kind="timeout", seconds=2)
        with self.assertRaises(ReadTimeoutError):
            self.client("ec2", read_timeout=0.5).describe_vpcs()
        ec2 = self.client("ec2")
        before = len(ec2.describe_vpcs()["Vpcs"])
        self.fault(service="ec2", operation="CreateVpc", kind="500", when="after")
        with self.assertRaises(ClientError):
            ec2.create_vpc(CidrBlock="10.0.0.0/16")
        self.assertEqual(len(ec2.describe_vpcs()["Vpcs"]), before + 1)

    def test_latency(self) -> None:
        self.control("POST", "latency", {"seconds": 0.4, "service": "ec2", "operation": "DescribeVpcs"})
        ec2 = self.client("ec2", max_pool_connections=20)
        self.control("POST", "reset-calls")
        with ThreadPoolExecutor(8) as pool:
            list(pool.map(lambda _: ec2.describe_vpcs(), range(8)))
        calls = self.control("GET", "calls")["calls"]
        self.assertEqual(len(calls), 8)
        self.assertTrue(all(call["end"] - call["start"] >= 0.4 for call in calls))
        self.assertLess(calls[1]["start"], calls[0]["end"], "they wait side by side")
        self.control("POST", "latency", {"seconds": 0, "service": "ec2", "operation": "DescribeVpcs"})
        self.assertEqual(self.control("GET", "status")["latency"], {})

    def test_control_refuses_nonsense(self) -> None:
        for method, path, body in (("POST", "faults", {"kind": "nothing"}), ("POST", "speed", {"speed": 0}),
                                   ("POST", "seed", {}), ("POST", "latency", {"seconds": -1}),
                                   ("GET", "nothing", None), ("POST", "advance", {"seconds": -1})):
            with self.assertRaises(urllib.error.HTTPError) as caught:
                self.control(method, path, body)
            self.assertIn(caught.exception.code, (400, 404))
            self.assertIn("error", json.loads(caught.exception.read()))

    def test_a_call_that_is_missing_says_so(self) -> None:
        message = self.refused("InvalidAction", self.client("ec2").describe_vpc_block_public_access_options)
        self.assertIn("doesn't have this call", message)

    def test_reset_forgets_everything(self) -> None:
        self.client("ec2").create_vpc(CidrBlock="10.77.0.0/16")
        self.fault(kind="throttle", count=None)
        self.control("POST", "reset")
        seen = [v["CidrBlock"] for v in self.client("ec2").describe_vpcs()["Vpcs"]]
        self.assertNotIn("10.77.0.0/16", seen)
        self.assertEqual(self.counts(), {"ec2.DescribeVpcs": 1})

    @unittest.skipUnless(LISTENING.exists(), "the kernel's table of sockets is read")
    def test_only_loopback_is_bound(self) -> None:
        port = int(endpoint().rsplit(":", 1)[1])
        rows = [line.split() for line in LISTENING.read_text().splitlines()[1:]]
        bound = {row[1] for row in rows if row[3] == "0A" and row[1].endswith(f":{port:04X}")}
        self.assertEqual(bound, {f"0100007F:{port:04X}"})

    def test_conditional_writes_are_atomic(self) -> None:
        s3 = self.client("s3", max_pool_connections=20)
        s3.create_bucket(Bucket="state", CreateBucketConfiguration={"LocationConstraint": "eu-north-1"})
        won, lock = [], threading.Lock()

        def attempt(n: int) -> None:
            try:
                s3.put_object(Bucket="state", Key="lock", Body=str(n).encode(), IfNoneMatch="*")
                with lock:
                    won.append(n)
            except ClientError as error:
                self.assertEqual(error.response["Error"]["Code"], "PreconditionFailed")

        with ThreadPoolExecutor(16) as pool:
            list(pool.map(attempt, range(16)))
        self.assertEqual(len(won), 1)
        self.assertEqual(s3.get_object(Bucket="state", Key="lock")["Body"].read(), str(won[0]).encode())

    def test_large_and_chunked_bodies(self) -> None:
        s3 = self.client("s3")
        s3.create_bucket(Bucket="state", CreateBucketConfiguration={"LocationConstraint": "eu-north-1"})
        s3.put_object(Bucket="state", Key="k", Body=b"x" * 3_000_000)
        self.assertEqual(s3.head_object(Bucket="state", Key="k")["ContentLength"], 3_000_000)
        wire = http.client.HTTPConnection(endpoint().removeprefix("http://"), timeout=5)
        scope = "AWS4-HMAC-SHA256 Credential=SANDBOX210987654321/20261123/eu-north-1/ec2/aws4_request"
        wire.request("POST", "/", body=iter([b"Action=DescribeVpcs&", b"Version=2016-11-15"]), encode_chunked=True,
                     headers={"Authorization": scope, "Transfer-Encoding": "chunked",
                              "Content-Type": "application/x-www-form-urlencoded"})
        self.assertIn(b"DescribeVpcsResponse", wire.getresponse().read())


if __name__ == "__main__":
    unittest.main()
