"""Records that aren't one plain A record: what may stand beside what, and what a seed plants."""

import unittest

from .site import HOST, ZONE, Site, a, alias, seed

NAME = "other.malmobybike.example"
POLICIES = {
    "weighted": lambda id, n: {"SetIdentifier": id, "Weight": n},
    "latency": lambda id, n: {"SetIdentifier": id, "Region": ("eu-north-1", "us-east-1")[n]},
    "failover": lambda id, n: {"SetIdentifier": id, "Failover": ("PRIMARY", "SECONDARY")[n]},
    "geolocation": lambda id, n: {"SetIdentifier": id, "GeoLocation": {"CountryCode": ("SE", "*")[n]}},
    "multivalue answer": lambda id, n: {"SetIdentifier": id, "MultiValueAnswer": True},
}


class Records(Site):
    def refuse(self, text: str, *records, action: str = "CREATE") -> None:
        batch = {"Changes": [{"Action": action, "ResourceRecordSet": record} for record in records]}
        message = self.refused("InvalidChangeBatch", self.route53.change_resource_record_sets,
                               HostedZoneId=self.zone, ChangeBatch=batch)
        self.assertIn(text, message)

    def listed(self, name: str) -> list[dict]:
        found = self.route53.list_resource_record_sets(HostedZoneId=self.zone)["ResourceRecordSets"]
        return [record for record in found if record["Name"].rstrip(".") == name]

    def test_policies_do_not_mix(self) -> None:
        for there, make in POLICIES.items():
            one = a(NAME, "198.51.100.10", **make("foreign", 0))
            self.put(one)
            self.put(a(NAME, "198.51.100.11", **make("ours", 1)))
            self.assertEqual(len(self.listed(NAME)), 2, "the same policy may stand beside it")
            for new, other in POLICIES.items():
                if new == there:
                    continue
                text = (f"RRSet with DNS name {NAME}., type A, SetIdentifier third cannot be created " + (
                    "because a non multivalue answer rrset exists" if new == "multivalue answer"
                    else f"as a non-{new} set exists") + " with the same name and type.")
                self.refuse(text, a(NAME, "198.51.100.12", **other("third", 1)))
            simple = f"RRSet with DNS name {NAME}., type A cannot be created as other RRSets exist with the same name and type."
            self.refuse(simple, a(NAME, "198.51.100.12"))
            self.refuse(simple, a(NAME, "198.51.100.12"), action="UPSERT")
            self.put(a(NAME, "2001:db8::1", kind="AAAA"))
            self.change(*(("DELETE", record) for record in self.listed(NAME)))

    def test_weighted_ones_have_one_ttl(self) -> None:
        self.put(a(NAME, "198.51.100.10", SetIdentifier="foreign", Weight=1, ttl=300))
        self.refuse("cannot be created as weighted sets must contain the same TTL.",
                    a(NAME, "198.51.100.11", SetIdentifier="ours", Weight=1, ttl=60))
        self.put(a(NAME, "198.51.100.10", SetIdentifier="foreign", Weight=1, ttl=60),
                 a(NAME, "198.51.100.11", SetIdentifier="ours", Weight=1, ttl=60))

    def test_a_cname_stands_alone(self) -> None:
        self.put(a(NAME, "x.example", kind="CNAME"))
        for kind, value in (("A", "198.51.100.10"), ("AAAA", "2001:db8::1"), ("HTTPS", "1 . alpn=h2"), ("TXT", '"x"')):
            self.refuse(f"RRSet of type {kind} with DNS name {NAME}. is not permitted because a conflicting RRSet of type "
                        "CNAME with the same DNS name already exists in zone malmobybike.example.", a(NAME, value, kind=kind))
        self.refuse(f"RRSet of type CNAME with DNS name {HOST}. is not permitted as it conflicts with other records",
                    a(HOST, "x.example", kind="CNAME"))
        self.refuse("is not permitted at apex in zone malmobybike.example.", a("malmobybike.example", "x.example", kind="CNAME"))
        self.change(("DELETE", a(NAME, "x.example", kind="CNAME")), ("CREATE", a(NAME, "198.51.100.10")))

    def test_aliases_lead_to_what_is_there(self) -> None:
        balancer = self.balancer()
        gone = {"DNSName": f"gone-1.{balancer['DNSName'].split('.', 1)[1]}"}
        self.refuse(f"Tried to create an alias that targets {gone['DNSName']}., type A in zone {ZONE}, but that target was "
                    "not found", alias(NAME, gone))
        wrong = alias(NAME, balancer)
        wrong["AliasTarget"]["HostedZoneId"] = "Z32O12XQLNTSW2"
        self.refuse("but the alias target name does not lie within the target zone", wrong)
        wrong["AliasTarget"]["HostedZoneId"] = self.zone
        self.refuse("but the alias target name does not lie within the target zone", wrong)
        self.refuse("but that target was not found", wrong)
        own = {"Name": NAME, "Type": "A", "AliasTarget": {
            "HostedZoneId": self.zone, "DNSName": "none.malmobybike.example", "EvaluateTargetHealth": False}}
        self.refuse("but that target was not found", own)
        self.put(own, a("none.malmobybike.example", "198.51.100.10"))
        self.put(alias("b.malmobybike.example", balancer))
        self.elb.delete_load_balancer(LoadBalancerArn=balancer["LoadBalancerArn"])
        self.refuse("but that target was not found", alias("b.malmobybike.example", balancer, evaluate=False), action="UPSERT")
        self.change(("DELETE", alias("b.malmobybike.example", balancer)))

    def test_https_and_aaaa_are_listed_as_they_were_put(self) -> None:
        for kind, value in (("HTTPS", "1 . alpn=h2 ipv4hint=198.51.100.10"), ("AAAA", "2001:db8::1")):
            record = a(HOST, value, kind=kind, ttl=120)
            self.put(record)
            self.assertIn({**record, "Name": HOST + "."}, self.listed(HOST))
            self.change(("DELETE", record))


class Planted(Site):
    def plant(self, *records: dict) -> dict[tuple, dict]:
        self.control("POST", "reset")
        self.planted = self.control("POST", "seed", seed(records=list(records)))
        self.zone = self.planted["hosted_zone"]["id"]
        found = self.route53.list_resource_record_sets(HostedZoneId=self.zone)["ResourceRecordSets"]
        return {(r["Name"], r["Type"], r.get("SetIdentifier")): r for r in found if r["Type"] not in ("NS", "SOA")}

    def test_in_place_of_the_default_or_beside_it(self) -> None:
        foreign = [a(HOST, "198.51.100.10", SetIdentifier=name, Weight=1) for name in ("foreign", "legacy")]
        found = self.plant(*foreign, a(NAME, "203.0.113.9"))
        self.assertEqual(set(found), {(HOST + ".", "A", "foreign"), (HOST + ".", "A", "legacy"), (NAME + ".", "A", None)})
        found = self.plant(a(HOST, "2001:db8::1", kind="AAAA"), a(HOST, "1 . alpn=h2", kind="HTTPS"))
        self.assertEqual({kind for _, kind, _ in found}, {"A", "AAAA", "HTTPS"})
        found = self.plant(a(HOST, "d1.cdn.example", kind="CNAME"), a("*.malmobybike.example", "198.51.100.10"),
                           a("malmobybike.example", "198.51.100.11"))
        self.assertEqual({kind for name, kind, _ in found if name == HOST + "."}, {"CNAME"})
        self.assertEqual(self.statuses("any.malmobybike.example"), [("legacy", 1.0, 200)])

    def test_aliases_to_what_is_elsewhere_can_be_put_back(self) -> None:
        cdn = {"Name": HOST, "Type": "A", "AliasTarget": {
            "HostedZoneId": "Z2FDTNDATAQYW2", "DNSName": "d111.cloudfront.net", "EvaluateTargetHealth": False}}
        other = {"Name": NAME, "Type": "A", "AliasTarget": {
            "HostedZoneId": ZONE, "DNSName": "old-1.eu-north-1.elb.amazonaws.com", "EvaluateTargetHealth": True}}
        inside = {"Name": "in.malmobybike.example", "Type": "A", "AliasTarget": {
            "HostedZoneId": "ZONE", "DNSName": NAME, "EvaluateTargetHealth": False}}
        self.assertEqual(len(self.plant(cdn, other, inside)), 3)
        for name in (HOST, NAME, "in.malmobybike.example"):
            self.assertEqual(self.statuses(name), [("elsewhere", 1.0, None)], name)
        self.change(("DELETE", cdn), ("DELETE", other), ("CREATE", a(HOST, "198.51.100.10")),
                    ("DELETE", inside | {"AliasTarget": inside["AliasTarget"] | {"HostedZoneId": self.zone}}))
        self.change(("DELETE", a(HOST, "198.51.100.10")), ("CREATE", cdn), ("CREATE", other))


if __name__ == "__main__":
    unittest.main()
