"""The legacy side of a city, as its own tools see it."""

import json
import unittest

from .base import Case

ACCOUNT = "123456789012"
SECRET = f"arn:aws:secretsmanager:eu-north-1:{ACCOUNT}:secret:malmo/legacy-database-AbCdEf"
SESSION = f"arn:aws:secretsmanager:eu-north-1:{ACCOUNT}:secret:malmo/session-key-XyZ123"
IMAGE = f"{ACCOUNT}.dkr.ecr.eu-north-1.amazonaws.com/bikes-web:2026.11.1"
LEGACY = dict(
    instances={"tags": {"Name": "malmo-web"}}, addresses=["198.51.100.10", "198.51.100.11"],
    targets=["10.40.1.10", "10.40.1.11"], port=80, health_path="/", hosted_zone="malmobybike.example",
    records=["www.malmobybike.example", "api.malmobybike.example"], ttl=60, monthly_cost=310,
    database=dict(engine="postgres", endpoint="10.40.2.20:5432", name="bikes", credentials=SECRET),
)
BODY = dict(city="malmo", account=ACCOUNT, region="eu-north-1", legacy=LEGACY, images=[IMAGE], secrets=[SESSION])


class Seed(Case):
    account = ACCOUNT

    def setUp(self) -> None:
        self.control("POST", "reset")
        self.planted = self.control("POST", "seed", BODY)

    def test_instances_bear_name_and_addresses(self) -> None:
        found = self.client("ec2").describe_instances(Filters=[{"Name": "tag:Name", "Values": ["malmo-web"]}])
        seen = sorted((i["PrivateIpAddress"], i["PublicIpAddress"]) for r in found["Reservations"]
                      for i in r["Instances"])
        self.assertEqual(seen, [("10.40.1.10", "198.51.100.10"), ("10.40.1.11", "198.51.100.11")])
        addresses = self.client("ec2").describe_addresses()["Addresses"]
        self.assertEqual(sorted(a["PublicIp"] for a in addresses), LEGACY["addresses"])
        database = self.client("ec2").describe_instances(InstanceIds=[self.planted["database_instance"]])
        self.assertEqual(database["Reservations"][0]["Instances"][0]["PrivateIpAddress"], "10.40.2.20")

    def test_instances_by_id(self) -> None:
        ids = ["i-0123456789abcdef0", "i-0123456789abcdef1"]
        self.control("POST", "seed", {**BODY, "city": "drammen", "legacy": {
            **LEGACY, "instances": {"ids": ids}, "hosted_zone": "drammen.example", "records": [],
            "addresses": ["198.51.100.20"], "targets": []}})
        found = self.client("ec2").describe_instances(InstanceIds=ids)
        self.assertEqual(sum(len(r["Instances"]) for r in found["Reservations"]), 2)

    def test_credentials(self) -> None:
        secrets = self.client("secretsmanager")
        value = json.loads(secrets.get_secret_value(SecretId=SECRET)["SecretString"])
        self.assertEqual((value["host"], value["port"], value["dbname"]), ("10.40.2.20", 5432, "bikes"))
        self.assertEqual(value["username"], self.planted["database"]["user"])
        self.assertEqual(secrets.describe_secret(SecretId=SESSION)["ARN"], SESSION)
        self.assertNotIn(value["password"], json.dumps(self.control("GET", "status")))

    def test_zone_with_live_records(self) -> None:
        route53 = self.client("route53")
        zones = route53.list_hosted_zones_by_name(DNSName="malmobybike.example", MaxItems="1")["HostedZones"]
        records = route53.list_resource_record_sets(HostedZoneId=zones[0]["Id"])["ResourceRecordSets"]
        self.assertEqual(sorted(r["Type"] for r in records), ["A", "A", "NS", "SOA"])
        www = next(r for r in records if r["Name"] == "www.malmobybike.example.")
        self.assertEqual((www["TTL"], [v["Value"] for v in www["ResourceRecords"]]), (60, LEGACY["addresses"]))

    def test_images_and_roles(self) -> None:
        image = self.client("ecr").describe_images(repositoryName="bikes-web", imageIds=[{"imageTag": "2026.11.1"}])
        self.assertRegex(image["imageDetails"][0]["imageDigest"], "^sha256:[0-9a-f]{64}$")
        self.client("iam").get_role(RoleName="AWSServiceRoleForECS")
        digest = "sha256:" + "ab" * 32
        self.control("POST", "seed", {**BODY, "images": [IMAGE.split(":")[0] + "@" + digest, "docker.io/library/nginx:1"]})
        pinned = self.client("ecr").describe_images(repositoryName="bikes-web", imageIds=[{"imageDigest": digest}])
        self.assertEqual(pinned["imageDetails"][0]["imageDigest"], digest)

    def test_planting_again_changes_nothing(self) -> None:
        before = self.client("secretsmanager").get_secret_value(SecretId=SECRET)["SecretString"]
        again = self.control("POST", "seed", BODY)
        self.assertEqual(again, self.planted)
        self.assertEqual(self.client("secretsmanager").get_secret_value(SecretId=SECRET)["SecretString"], before)
        self.assertEqual(len(self.client("route53").list_hosted_zones()["HostedZones"]), 1)

    def test_status_says_how_to_log_in_and_counts_nothing(self) -> None:
        self.control("POST", "reset-calls")
        self.control("POST", "seed", {**BODY, "city": "antwerp", "legacy": {**LEGACY, "hosted_zone": "a.example",
                                                                             "records": []}})
        status = self.control("GET", "status")
        self.assertEqual(status["calls"]["total"], 0)
        malmo = next(c for c in status["cities"] if c["city"] == "malmo")
        self.assertEqual(malmo["addresses"], LEGACY["addresses"])
        self.assertEqual(malmo["database"]["endpoint"], "10.40.2.20:5432")
        self.assertIn(SECRET, malmo["database"]["log_in"])


if __name__ == "__main__":
    unittest.main()
