"""What users get: DNS, load balancer and legacy servers taken together."""

import time
import unittest

from .site import HOST, NOT_FOUND, Site, a, alias, forward

NEW, LEGACY = {"SetIdentifier": "new"}, {"SetIdentifier": "legacy"}


class Names(Site):
    """What Route 53 answers."""

    def test_today_users_are_on_the_old_servers(self) -> None:
        self.assertEqual(self.statuses(), [("legacy", 0.5, 200), ("legacy", 0.5, 200)])
        self.assertEqual({one["address"] for one in self.reach()}, {"198.51.100.10", "198.51.100.11"})
        self.ec2.stop_instances(InstanceIds=self.instances()[:1])
        self.assertEqual({s for _, _, s in self.statuses()}, {200, None})
        address = self.ec2.describe_addresses(PublicIps=["198.51.100.11"])["Addresses"][0]
        self.ec2.disassociate_address(AssociationId=address["AssociationId"])
        self.assertIn(("nowhere", 0.5, None), self.statuses())
        self.assertEqual(self.statuses("api.malmobybike.example"), [("nowhere", 1.0, None)])
        self.assertEqual(self.statuses("www.elsewhere.example"), [("elsewhere", 1.0, None)])

    def test_wildcards(self) -> None:
        self.put(a("*.malmobybike.example", "198.51.100.10"), a("x.deep.malmobybike.example", "198.51.100.11"))
        self.assertEqual(self.reach("anything.malmobybike.example")[0]["address"], "198.51.100.10")
        self.assertEqual(self.reach("two.labels.malmobybike.example")[0]["address"], "198.51.100.10")
        for name in ("deep.malmobybike.example", "y.deep.malmobybike.example", "malmobybike.example"):
            self.assertEqual(self.statuses(name), [("nowhere", 1.0, None)], name)

    def test_cnames(self) -> None:
        balancer, _ = self.site("10.41.0.10")
        self.put(a("api.malmobybike.example", HOST, kind="CNAME"), a("cdn.malmobybike.example", "d1.cdn.example", kind="CNAME"),
                 a("lb.malmobybike.example", balancer["DNSName"], kind="CNAME"))
        self.assertEqual(len(self.statuses("api.malmobybike.example")), 2)
        self.assertEqual({one["leads_to"] for one in self.reach("cdn.malmobybike.example")}, {"elsewhere"})
        found = self.reach("lb.malmobybike.example")
        self.assertEqual((found[0]["leads_to"], found[0]["status"]), ("balancer", None))
        self.assertIn("no certificate", found[0]["error"])

    def test_other_types_of_records_have_answers_of_their_own(self) -> None:
        self.put(a(HOST, "2001:db8::1", kind="AAAA"), a(HOST, "1 . alpn=h2 ipv4hint=198.51.100.11", kind="HTTPS"))
        found = {one["type"]: one for one in self.reach()}
        self.assertEqual(sorted(found), ["A", "AAAA", "HTTPS"])
        self.assertEqual((found["AAAA"]["leads_to"], found["HTTPS"]["leads_to"]), ("elsewhere", "legacy"))

    def weigh(self, new: int, legacy: int, balancer: dict, **more) -> None:
        self.put(a(HOST, "198.51.100.10", Weight=legacy, **LEGACY), alias(HOST, balancer, Weight=new, **NEW, **more))

    def test_weights_follow_health(self) -> None:
        balancer, group = self.site("10.41.0.10", "10.41.0.11")
        self.drop_legacy()
        self.weigh(5, 95, balancer)
        self.assertEqual(self.statuses(), [("legacy", 0.95, 200), ("balancer", 0.05, 200)])
        self.weigh(100, 0, balancer)
        self.assertEqual(self.statuses(), [("balancer", 1.0, 200)])
        self.control("POST", "target-health", {"target_group_arn": group, "target_id": "10.41.0.10", "state": "unhealthy"})
        self.assertEqual([one["healthy_targets"] for one in self.reach()], [1])
        self.control("POST", "target-health", {"target_group_arn": group, "state": "unhealthy"})
        self.assertEqual(self.statuses(), [("legacy", 1.0, 200)], "weight 0 answers when nothing else is healthy")
        self.weigh(100, 0, balancer, evaluate=False)
        found = self.reach()
        self.assertEqual([(one["leads_to"], one["status"], one["fails_open"]) for one in found], [("balancer", 502, True)])

    def test_when_nothing_is_healthy_everything_counts_as_healthy(self) -> None:
        balancer, group = self.site("10.41.0.10")
        self.drop_legacy()
        self.put(alias(HOST, balancer, Weight=3, **NEW), alias(HOST, balancer, Weight=1, **LEGACY))
        self.control("POST", "target-health", {"target_group_arn": group, "state": "unhealthy"})
        self.assertEqual([(s, status) for _, s, status in self.statuses()], [(0.75, 502), (0.25, 502)])

    def test_all_weights_0_are_equal(self) -> None:
        balancer, _ = self.site("10.41.0.10")
        self.drop_legacy()
        self.weigh(0, 0, balancer)
        self.assertEqual({(to, share) for to, share, _ in self.statuses()}, {("balancer", 0.5), ("legacy", 0.5)})

    def test_one_group_without_a_healthy_target_is_enough(self) -> None:
        balancer, group = self.site("10.41.0.10")
        self.drop_legacy()
        self.weigh(100, 0, balancer)
        other = self.group("api")
        rule = self.rule(self.listener, 200, forward(other), hosts=["api.malmobybike.example"])
        self.assertEqual(self.statuses(), [("legacy", 1.0, 200)], "a group without targets counts as unhealthy")
        self.register(other, "10.41.0.12")
        self.assertEqual(self.statuses(), [("legacy", 1.0, 200)], "so does one whose targets aren't checked yet")
        self.pass_time(30)
        self.assertEqual(self.statuses(), [("balancer", 1.0, 200)])
        self.control("POST", "target-health", {"target_group_arn": other, "state": "unhealthy"})
        self.assertEqual(self.statuses(), [("legacy", 1.0, 200)])
        self.elb.delete_rule(RuleArn=rule)
        self.assertEqual(self.statuses(), [("balancer", 1.0, 200)])

    def test_failover_multivalue_and_latency(self) -> None:
        balancer, group = self.site("10.41.0.10")
        self.drop_legacy()
        self.put(alias(HOST, balancer, Failover="PRIMARY", **NEW), a(HOST, "198.51.100.10", Failover="SECONDARY", **LEGACY))
        self.assertEqual(self.statuses(), [("balancer", 1.0, 200)])
        self.control("POST", "target-health", {"target_group_arn": group, "state": "unhealthy"})
        self.assertEqual(self.statuses(), [("legacy", 1.0, 200)])
        many = "many.malmobybike.example"
        self.put(*(a(many, f"198.51.100.{n}", SetIdentifier=str(n), MultiValueAnswer=True) for n in (10, 11)))
        self.assertEqual([share for _, share, _ in self.statuses(many)], [0.5, 0.5])
        near = "near.malmobybike.example"
        self.put(alias(near, balancer, Region="eu-north-1", **NEW), a(near, "198.51.100.10", Region="us-east-1", **LEGACY))
        self.assertEqual(self.statuses(near), [("legacy", 1.0, 200)])

    def test_an_alias_to_what_is_gone(self) -> None:
        balancer, _ = self.site("10.41.0.10")
        self.drop_legacy()
        self.put(alias(HOST, balancer))
        self.elb.delete_load_balancer(LoadBalancerArn=balancer["LoadBalancerArn"])
        self.assertEqual(self.statuses(), [("nowhere", 1.0, None)])
        self.put(a("old.malmobybike.example", "198.51.100.10"))
        self.put({"Name": "new.malmobybike.example", "Type": "A", "AliasTarget": {
            "HostedZoneId": self.zone, "DNSName": "old.malmobybike.example", "EvaluateTargetHealth": True}})
        self.assertEqual(self.statuses("new.malmobybike.example"), [("legacy", 1.0, 200)])


class Caches(Site):
    """What resolvers may still give."""

    def stale(self, host: str = HOST) -> list[tuple]:
        """(what it leads to, status) of each answer that isn't given any more."""
        found = self.control("GET", f"reach?host={host}&cached=true")["answers"]
        return [(one["leads_to"], one["status"]) for one in found if "stale" in one]

    def test_users_stay_for_the_time_to_live_and_the_change(self) -> None:
        balancer, _ = self.site("10.41.0.10")
        self.change(("DELETE", a(HOST, "198.51.100.10", "198.51.100.11")), ("CREATE", alias(HOST, balancer)))
        self.assertEqual(self.statuses(), [("balancer", 1.0, 200)])
        self.assertEqual(self.stale(), [("legacy", 200)] * 2)
        self.ec2.stop_instances(InstanceIds=self.instances()[:1])
        self.assertEqual(sorted(self.stale(), key=str), [("legacy", 200), ("legacy", None)])
        self.pass_time(85)
        self.assertEqual(len(self.stale()), 2)
        self.pass_time(10)
        self.assertEqual(self.stale(), [], "30 s until the change is everywhere, and 60 s")
        self.change(("DELETE", alias(HOST, balancer)))
        self.elb.delete_load_balancer(LoadBalancerArn=balancer["LoadBalancerArn"])
        self.assertEqual(self.stale(), [], "nowhere is what DNS says too")
        self.put(a(HOST, "198.51.100.11"))
        self.assertEqual(self.stale(), [("nowhere", None)], "a load balancer that is gone too early")

    def test_several_changes_in_a_row(self) -> None:
        self.put(a(HOST, "198.51.100.10", ttl=300))
        self.put(a(HOST, "198.51.100.11", ttl=5))
        self.assertEqual(self.stale(), [("legacy", 200)], "the same address isn't told twice")
        self.pass_time(320)
        self.assertEqual(len(self.stale()), 1, "it was there with 300 s")
        self.pass_time(20)
        self.assertEqual(self.stale(), [])
        self.change(("DELETE", a(HOST, "198.51.100.11", ttl=5)))
        hosts = [one["host"] for one in self.control("GET", "reach?cached=true")["hosts"]]
        self.assertEqual(hosts, [HOST], "a name that is gone is asked for while somebody may know it")
        self.pass_time(40)
        self.assertEqual(self.control("GET", "reach?cached=true")["hosts"], [])


class Balancers(Site):
    """What the load balancer does."""

    def setUp(self) -> None:
        super().setUp()
        self.it, self.web_group = self.site("10.41.0.10", "10.41.0.11")
        self.drop_legacy()
        self.put(alias(HOST, self.it))

    def only(self, **asked) -> dict:
        found = self.reach(**asked)
        self.assertEqual(len(found), 1, found)
        return found[0]

    def test_rules_in_their_order(self) -> None:
        other = self.group("api", "10.41.0.12")
        self.rule(self.listener, 50, forward(other), hosts=["*.malmobybike.example"], paths=["/api/*", "/v?"])
        self.pass_time(30)
        for path, group, rule in (("/", "web", 100), ("/api/x", "api", 50), ("/v2?x=1", "api", 50), ("/v22", "web", 100)):
            seen = self.only(path=path)
            self.assertEqual((seen["target_group"], seen["rule"], seen["status"]), (group, rule, 200), path)
        self.elb.set_rule_priorities(RulePriorities=[{"RuleArn": self.web_rule, "Priority": 10}])
        self.assertEqual(self.only(path="/api/x")["target_group"], "web")
        self.elb.delete_rule(RuleArn=self.web_rule)
        seen = self.only()
        self.assertEqual((seen["rule"], seen["status"]), ("default", 404))

    def test_a_host_that_no_certificate_covers(self) -> None:
        self.put(alias("api.malmobybike.example", self.it))
        seen = self.only(host="api.malmobybike.example")
        self.assertEqual((seen["status"], seen["certificate"]), (None, None))
        more = self.certificate("*.malmobybike.example")
        self.elb.add_listener_certificates(ListenerArn=self.listener, Certificates=[{"CertificateArn": more}])
        seen = self.only(host="api.malmobybike.example")
        self.assertEqual((seen["status"], seen["certificate"]), (404, more))
        self.put(alias("two.labels.malmobybike.example", self.it))
        self.assertIsNone(self.only(host="two.labels.malmobybike.example")["status"])

    def test_without_a_listener_nobody_answers(self) -> None:
        self.elb.delete_listener(ListenerArn=self.listener)
        seen = self.only()
        self.assertEqual((seen["status"], seen["error"]), (None, "connection refused"))

    def test_targets(self) -> None:
        seen = self.only()
        self.assertEqual((seen["healthy_targets"], seen["registered_targets"]), (2, 2))
        self.elb.deregister_targets(TargetGroupArn=self.web_group, Targets=[{"Id": "10.41.0.10"}, {"Id": "10.41.0.11"}])
        seen = self.only()
        self.assertEqual((seen["healthy_targets"], seen["status"]), (0, 503))
        self.register(self.web_group, "10.41.0.13")
        self.assertEqual(self.only()["status"], 502, "nothing has shown yet that it answers")
        self.pass_time(30)
        self.assertEqual(self.only()["status"], 200)
        self.control("POST", "target-health", {"target_group_arn": self.web_group, "state": "unhealthy",
                                               "reason": "Target.Timeout"})
        seen = self.only()
        self.assertEqual((seen["fails_open"], seen["status"]), (True, 504))

    def test_weights_of_target_groups(self) -> None:
        empty = self.group("empty")
        self.elb.modify_rule(RuleArn=self.web_rule, Actions=[forward(self.web_group, empty, weights=(95, 5))])
        self.assertEqual([(s, status) for _, s, status in self.statuses()], [(0.95, 200), (0.05, 503)])
        self.elb.modify_rule(RuleArn=self.web_rule, Actions=[forward(self.web_group, empty, weights=(100, 0))])
        self.assertEqual([(s, status) for _, s, status in self.statuses()], [(1.0, 200)])

    def test_all_names_at_once_and_nothing_is_counted(self) -> None:
        self.put(*(alias(f"n{n}.malmobybike.example", self.it) for n in range(50)))
        self.put(a("*.wild.malmobybike.example", "198.51.100.10"))
        self.control("POST", "reset-calls")
        begun = time.monotonic()
        for _ in range(10):
            found = {one["host"]: one["answers"] for one in self.control("GET", "reach?path=/x")["hosts"]}
        self.assertLess((time.monotonic() - begun) / 10, 0.5)
        self.assertEqual(len(found), 52, "no proofs of certificates")
        self.assertEqual([one["status"] for one in found[HOST]], [200])
        self.assertEqual(found["*.wild.malmobybike.example"][0]["leads_to"], "legacy")
        self.assertEqual(self.control("GET", "status")["calls"]["total"], 0)


class Inside(Site):
    def test_users_do_not_get_to_an_internal_balancer(self) -> None:
        balancer = self.balancer(scheme="internal")
        self.listen(balancer, NOT_FOUND, self.certificate(HOST))
        self.put(alias("in.malmobybike.example", balancer, evaluate=False))
        self.assertEqual(self.statuses("in.malmobybike.example"), [("balancer", 1.0, None)])


if __name__ == "__main__":
    unittest.main()
