"""Route 53: batches, weighted records, changes in sync, health checks."""

import unittest

from .base import Case


def a(name: str, *values: str, ttl: int = 60, **more) -> dict:
    return {"Name": name, "Type": "A", "TTL": ttl, "ResourceRecords": [{"Value": v} for v in values], **more}


class Route53(Case):
    def setUp(self) -> None:
        self.control("POST", "reset")
        self.route53 = self.client("route53")
        self.zone = self.route53.create_hosted_zone(Name="malmobybike.example", CallerReference="1")["HostedZone"]["Id"]

    def change(self, *changes) -> str:
        batch = {"Changes": [{"Action": action, "ResourceRecordSet": record} for action, record in changes]}
        return self.route53.change_resource_record_sets(
            HostedZoneId=self.zone, ChangeBatch=batch)["ChangeInfo"]["Id"]

    def refuse(self, text: str, *changes) -> None:
        before = self.records()
        batch = {"Changes": [{"Action": action, "ResourceRecordSet": record} for action, record in changes]}
        message = self.refused("InvalidChangeBatch", self.route53.change_resource_record_sets,
                               HostedZoneId=self.zone, ChangeBatch=batch)
        self.assertIn(text, message)
        self.assertEqual(self.records(), before)

    def records(self) -> list:
        found = self.route53.list_resource_record_sets(HostedZoneId=self.zone)["ResourceRecordSets"]
        return [r for r in found if r["Type"] not in ("NS", "SOA")]

    def test_changes_get_in_sync(self) -> None:
        name = self.change(("CREATE", a("www.malmobybike.example", "198.51.100.10")))
        self.assertEqual(self.route53.get_change(Id=name)["ChangeInfo"]["Status"], "PENDING")
        self.pass_time(31)
        self.assertEqual(self.route53.get_change(Id=name)["ChangeInfo"]["Status"], "INSYNC")
        self.refused("NoSuchChange", self.route53.get_change, Id="C0")

    def test_a_new_zone_has_its_own_records(self) -> None:
        found = self.route53.list_resource_record_sets(HostedZoneId=self.zone)["ResourceRecordSets"]
        kinds = {r["Type"]: [v["Value"] for v in r["ResourceRecords"]] for r in found}
        self.assertEqual(sorted(kinds), ["NS", "SOA"])
        self.assertTrue(all(isinstance(v, str) for values in kinds.values() for v in values))
        self.refuse("at least one NS", ("DELETE", next(r for r in found if r["Type"] == "NS")))
        self.refused("HostedZoneAlreadyExists", self.route53.create_hosted_zone, Name="other.example",
                     CallerReference="1")

    def test_a_batch_is_atomic(self) -> None:
        self.change(("CREATE", a("www.malmobybike.example", "198.51.100.10")))
        self.refuse("it already exists", ("CREATE", a("api.malmobybike.example", "198.51.100.10")),
                    ("CREATE", a("www.malmobybike.example.", "198.51.100.11")))

    def test_delete_must_match(self) -> None:
        self.change(("CREATE", a("www.malmobybike.example", "198.51.100.10", "198.51.100.11")))
        self.refuse("was not found", ("DELETE", a("api.malmobybike.example", "198.51.100.10")))
        self.refuse("do not match the current values", ("DELETE", a("www.malmobybike.example", "198.51.100.10")))
        self.refuse("do not match the current values",
                    ("DELETE", a("www.malmobybike.example", "198.51.100.10", "198.51.100.11", ttl=61)))
        self.change(("DELETE", a("www.malmobybike.example", "198.51.100.11", "198.51.100.10")))
        self.assertEqual(self.records(), [])

    def test_simple_becomes_weighted_in_one_batch(self) -> None:
        www = "www.malmobybike.example."
        self.change(("CREATE", a(www, "198.51.100.10")))
        old = a(www, "198.51.100.10", SetIdentifier="legacy", Weight=255)
        balancer = self.client("elbv2").create_load_balancer(
            Name="lb", Subnets=self.network()["subnets"], Scheme="internal")["LoadBalancers"][0]
        new = {"Name": www, "Type": "A", "SetIdentifier": "new", "Weight": 0, "AliasTarget": {
            "HostedZoneId": "Z23TAZ6LKFMNIO", "DNSName": balancer["DNSName"], "EvaluateTargetHealth": True}}
        self.refuse("cannot be created as a non-weighted set exists", ("CREATE", old))
        self.change(("DELETE", a(www, "198.51.100.10")), ("CREATE", old), ("CREATE", new))
        self.refuse("cannot be created as other RRSets exist", ("UPSERT", a(www, "198.51.100.10")))
        self.change(("UPSERT", {**old, "Weight": 10}), ("UPSERT", {**new, "Weight": 90}))
        self.assertEqual({r["SetIdentifier"]: r["Weight"] for r in self.records()}, {"legacy": 10, "new": 90})
        alias = next(r for r in self.records() if r["SetIdentifier"] == "new")["AliasTarget"]
        self.assertTrue(alias["EvaluateTargetHealth"])

    def test_one_set_identifier_leaves_other_names_alone(self) -> None:
        for name in ("www", "api"):
            self.change(("CREATE", a(f"{name}.malmobybike.example", "198.51.100.10", SetIdentifier="legacy", Weight=1)))
        self.change(("DELETE", a("www.malmobybike.example", "198.51.100.10", SetIdentifier="legacy", Weight=1)))
        self.assertEqual([r["Name"] for r in self.records()], ["api.malmobybike.example."])

    def test_wrong_shapes(self) -> None:
        self.refuse("is not permitted in zone", ("CREATE", a("www.elsewhere.example", "198.51.100.10")))
        self.change(("CREATE", a("www.malmobybike.example", "198.51.100.10")))
        self.refuse("conflicts with other records", ("CREATE", {
            "Name": "www.malmobybike.example", "Type": "CNAME", "TTL": 5, "ResourceRecords": [{"Value": "x.example"}]}))
        for record in (a("x.malmobybike.example", "198.51.100.1", Weight=1),
                       a("x.malmobybike.example", "198.51.100.1", SetIdentifier="a"),
                       {"Name": "x.malmobybike.example", "Type": "A"}):
            batch = {"Changes": [{"Action": "CREATE", "ResourceRecordSet": record}]}
            self.refused("InvalidInput", self.route53.change_resource_record_sets, HostedZoneId=self.zone,
                         ChangeBatch=batch)

    def test_health_checks(self) -> None:
        config = {"Type": "HTTPS", "FullyQualifiedDomainName": "www.malmobybike.example", "ResourcePath": "/healthz",
                  "RequestInterval": 10, "FailureThreshold": 2}
        make = dict(CallerReference="hc", HealthCheckConfig=config)
        name = self.route53.create_health_check(**make)["HealthCheck"]["Id"]
        self.assertEqual(self.route53.create_health_check(**make)["HealthCheck"]["Id"], name)
        self.refused("HealthCheckAlreadyExists", self.route53.create_health_check, CallerReference="hc",
                     HealthCheckConfig={**config, "FailureThreshold": 3})
        self.route53.change_tags_for_resource(ResourceType="healthcheck", ResourceId=name,
                                              AddTags=[{"Key": "migrate:city", "Value": "malmo"}])
        tags = self.route53.list_tags_for_resource(ResourceType="healthcheck", ResourceId=name)
        self.assertEqual(tags["ResourceTagSet"]["Tags"], [{"Key": "migrate:city", "Value": "malmo"}])
        seen = self.route53.get_health_check(HealthCheckId=name)["HealthCheck"]["HealthCheckConfig"]
        self.assertEqual((seen["Port"], seen["ResourcePath"], seen["RequestInterval"]), (443, "/healthz", 10))
        self.change(("CREATE", a("www.malmobybike.example", "198.51.100.1", SetIdentifier="x", Weight=1,
                                 HealthCheckId=name)))
        self.assertEqual(self.records()[0]["HealthCheckId"], name)
        self.route53.delete_health_check(HealthCheckId=name)
        self.refused("NoSuchHealthCheck", self.route53.delete_health_check, HealthCheckId=name)

    def test_zones_by_name(self) -> None:
        self.route53.create_hosted_zone(Name="aaa.example", CallerReference="2")
        found = self.route53.list_hosted_zones_by_name(DNSName="malmobybike.example", MaxItems="1")["HostedZones"]
        self.assertEqual([z["Name"] for z in found], ["malmobybike.example."])
        self.change(("CREATE", a("www.malmobybike.example", "198.51.100.10")))
        self.refused("HostedZoneNotEmpty", self.route53.delete_hosted_zone, Id=self.zone)


if __name__ == "__main__":
    unittest.main()
