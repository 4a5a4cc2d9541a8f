"""Route 53's health checks: what the checkers see, and what the records make of it."""

import unittest

from .site import HOST, Site, a, alias

CHECKED = {"Type": "HTTPS", "FullyQualifiedDomainName": HOST, "ResourcePath": "/healthz", "RequestInterval": 10,
           "FailureThreshold": 2}


class HealthChecks(Site):
    def check(self, **more) -> str:
        self.made = getattr(self, "made", 0) + 1
        config = {key: value for key, value in (CHECKED | more).items() if value is not None}
        return self.route53.create_health_check(CallerReference=str(self.made), HealthCheckConfig=config)["HealthCheck"]["Id"]

    def seen(self, check: str) -> list[str]:
        found = self.route53.get_health_check_status(HealthCheckId=check)["HealthCheckObservations"]
        return [one["StatusReport"]["Status"] for one in found]

    def good(self, check: str) -> float:
        seen = self.seen(check)
        return sum(one.startswith("Success") for one in seen) / len(seen)

    def test_a_new_check_has_seen_nothing(self) -> None:
        check = self.check()
        self.assertEqual(self.seen(check), [])
        self.pass_time(9)
        self.assertEqual(self.seen(check), [])
        self.pass_time(2)
        self.assertEqual(set(self.seen(check)), {"Success: HTTP Status Code 200, OK"})
        found = self.route53.get_health_check_status(HealthCheckId=check)["HealthCheckObservations"]
        self.assertEqual(len({one["IPAddress"] for one in found}), 16)
        self.assertEqual(len({one["Region"] for one in found}), 8)
        self.route53.create_health_check(CallerReference="1", HealthCheckConfig=CHECKED)
        self.assertEqual(len(self.seen(check)), 16, "a repeated create changes nothing")

    def test_a_change_shows_after_interval_times_threshold(self) -> None:
        check = self.check()
        self.pass_time(15)
        self.ec2.stop_instances(InstanceIds=self.instances())
        self.assertEqual(self.good(check), 1)
        self.pass_time(10)
        self.assertEqual(self.good(check), 1, "one failure isn't enough")
        self.pass_time(10)
        self.assertEqual(self.good(check), 0)
        self.assertTrue(all(one.startswith("Failure: Connection timed out") for one in self.seen(check)))
        self.ec2.start_instances(InstanceIds=self.instances())
        self.pass_time(10)
        self.assertEqual(self.good(check), 0)
        self.pass_time(10)
        self.assertEqual(self.good(check), 1)
        reasons = self.route53.get_health_check_last_failure_reason(HealthCheckId=check)["HealthCheckObservations"]
        self.assertTrue(all(one["StatusReport"]["Status"].startswith("Failure: ") for one in reasons))
        self.assertEqual(len(reasons), 16)

    def test_checkers_get_the_answers_by_their_shares(self) -> None:
        check = self.check()
        self.ec2.stop_instances(InstanceIds=self.instances()[:1])
        self.pass_time(3600)
        self.assertEqual(self.good(check), 0.5)
        other = "api.malmobybike.example"
        balancer, group = self.site("10.41.0.10")
        self.put(a(other, "198.51.100.11", SetIdentifier="x", Weight=1, HealthCheckId=check))
        self.put(a(other, "203.0.113.1", SetIdentifier="y", Weight=0))
        self.assertEqual([one["address"] for one in self.reach(other)], ["198.51.100.11"], "more than 18 % say healthy")

    def test_records_follow_their_check(self) -> None:
        balancer, group = self.site("10.41.0.10")
        self.drop_legacy()
        check = self.check()
        legacy = a(HOST, "198.51.100.10", SetIdentifier="legacy", Weight=0)
        new = alias(HOST, balancer, evaluate=False, SetIdentifier="new", Weight=100, HealthCheckId=check)
        self.put(legacy, new)
        self.pass_time(15)
        self.assertEqual(self.seen(check)[0], "Success: HTTP Status Code 200, OK")
        self.assertEqual(self.statuses(), [("balancer", 1.0, 200)])
        self.elb.deregister_targets(TargetGroupArn=group, Targets=[{"Id": "10.41.0.10"}])
        self.assertEqual(self.statuses(), [("balancer", 1.0, 503)], "nobody has noticed yet")
        self.pass_time(10)
        self.assertEqual(self.statuses(), [("balancer", 1.0, 503)])
        self.pass_time(10)
        self.assertEqual(self.statuses(), [("legacy", 1.0, 200)])
        self.assertEqual(self.seen(check)[0], "Failure: HTTP Status Code 503, Service Unavailable")

    def test_an_update_asks_something_else(self) -> None:
        self.site("10.41.0.10")
        check = self.check()
        self.pass_time(15)
        answer = self.route53.update_health_check(
            HealthCheckId=check, HealthCheckVersion=1, FullyQualifiedDomainName="gone.malmobybike.example",
            ResourcePath="/other")["HealthCheck"]
        self.assertEqual((answer["HealthCheckVersion"], answer["HealthCheckConfig"]["ResourcePath"]), (2, "/other"))
        self.refused("HealthCheckVersionMismatch", self.route53.update_health_check, HealthCheckId=check,
                     HealthCheckVersion=1, ResourcePath="/")
        self.pass_time(20)
        self.assertEqual(set(self.seen(check)), {"Failure: DNS resolution failed: Rcode NXDomain(3)"})
        self.route53.update_health_check(HealthCheckId=check, Inverted=True, FullyQualifiedDomainName=HOST)

    def test_by_address_and_port(self) -> None:
        target = {"FullyQualifiedDomainName": None, "IPAddress": "198.51.100.10"}
        cases = {200: {"Type": "HTTP", "Port": 8000}, None: {"Type": "HTTP", "Port": 81}, 0: {"Type": "TCP", "Port": 443}}
        checks = {want: self.check(**target, **{"ResourcePath": None} if more["Type"] == "TCP" else {}, **more)
                  for want, more in cases.items()}
        self.pass_time(15)
        self.assertEqual([self.good(checks[want]) for want in (200, None, 0)], [1, 0, 1])
        self.assertIn("refused", self.seen(checks[None])[0])

    def test_disabled_inverted_and_calculated(self) -> None:
        self.ec2.stop_instances(InstanceIds=self.instances())
        bad, off, turned = self.check(), self.check(Disabled=True), self.check(Inverted=True)
        parent = self.route53.create_health_check(CallerReference="p", HealthCheckConfig={
            "Type": "CALCULATED", "ChildHealthChecks": [bad, off, turned], "HealthThreshold": 3})["HealthCheck"]["Id"]
        self.pass_time(60)
        names = {f"h{n}.malmobybike.example": (check, left) for n, (check, left) in enumerate(
            ((bad, "y"), (off, "x"), (turned, "x"), (parent, "y")))}
        for name, (check, left) in names.items():
            self.put(a(name, "203.0.113.1", SetIdentifier="x", Weight=1, HealthCheckId=check),
                     a(name, "203.0.113.2", SetIdentifier="y", Weight=0))
            self.assertEqual(self.reach(name)[0]["address"], "203.0.113.1" if left == "x" else "203.0.113.2", name)
        self.refused("InvalidInput", self.route53.get_health_check_status, HealthCheckId=parent)

    def test_a_week_at_once(self) -> None:
        checks = [self.check() for _ in range(20)]
        self.pass_time(7 * 86400)
        self.ec2.stop_instances(InstanceIds=self.instances())
        self.pass_time(7 * 86400)
        self.assertEqual({self.good(check) for check in checks}, {0})
        for check in checks:
            self.route53.delete_health_check(HealthCheckId=check)


if __name__ == "__main__":
    unittest.main()
