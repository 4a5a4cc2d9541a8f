"""ACM: validation by DNS, tokens, certificates in use."""

import unittest

from .base import Case


class Acm(Case):
    def setUp(self) -> None:
        self.control("POST", "reset")
        self.acm, self.route53 = self.client("acm"), self.client("route53")

    def request(self, **more) -> str:
        return self.acm.request_certificate(**{
            "DomainName": "www.malmobybike.example", "SubjectAlternativeNames": ["api.malmobybike.example"],
            "ValidationMethod": "DNS", "IdempotencyToken": "t1", "Tags": [{"Key": "a", "Value": "b"}], **more},
        )["CertificateArn"]

    def seen(self, arn: str) -> dict:
        return self.acm.describe_certificate(CertificateArn=arn)["Certificate"]

    def prove(self, arn: str) -> None:
        zone = self.route53.create_hosted_zone(Name="malmobybike.example", CallerReference="1")["HostedZone"]["Id"]
        records = [o["ResourceRecord"] for o in self.seen(arn)["DomainValidationOptions"]]
        self.assertEqual(len({r["Name"] for r in records}), 2)
        self.route53.change_resource_record_sets(HostedZoneId=zone, ChangeBatch={"Changes": [
            {"Action": "UPSERT", "ResourceRecordSet": {"Name": r["Name"], "Type": r["Type"], "TTL": 300,
                                                       "ResourceRecords": [{"Value": r["Value"]}]}} for r in records]})

    def test_a_list_is_narrowed_by_key_types(self) -> None:
        arn = self.acm.request_certificate(DomainName="keys.city.example", ValidationMethod="DNS")["CertificateArn"]

        def listed(**includes: list[str]) -> bool:
            found = self.acm.list_certificates(**({"Includes": includes} if includes else {}))["CertificateSummaryList"]
            return arn in [one["CertificateArn"] for one in found]

        self.assertTrue(listed() and listed(keyTypes=["EC_prime256v1", "RSA_2048"]))
        self.assertFalse(listed(keyTypes=["RSA_4096"]))

    def test_issued_only_once_the_record_exists(self) -> None:
        arn = self.request()
        first = self.seen(arn)
        self.assertEqual(first["Status"], "PENDING_VALIDATION")
        self.assertNotIn("ResourceRecord", first["DomainValidationOptions"][0])
        self.pass_time(500)
        self.assertEqual(self.seen(arn)["Status"], "PENDING_VALIDATION")
        self.prove(arn)
        self.assertEqual(self.seen(arn)["Status"], "PENDING_VALIDATION")
        self.pass_time(62)
        done = self.seen(arn)
        self.assertEqual(done["Status"], "ISSUED")
        self.assertEqual({o["ValidationStatus"] for o in done["DomainValidationOptions"]}, {"SUCCESS"})
        listed = self.acm.list_certificates(CertificateStatuses=["ISSUED"])["CertificateSummaryList"]
        self.assertEqual([c["CertificateArn"] for c in listed], [arn])
        self.assertEqual(listed[0]["SubjectAlternativeNameSummaries"],
                         ["www.malmobybike.example", "api.malmobybike.example"])

    def proofs(self, arn: str) -> dict[str, tuple]:
        self.pass_time(10)
        return {o["DomainName"]: (o["ResourceRecord"]["Name"], o["ResourceRecord"]["Value"])
                for o in self.seen(arn)["DomainValidationOptions"]}

    def test_certificates_share_the_proof_of_a_domain(self) -> None:
        first = self.request()
        shared = self.proofs(first)["www.malmobybike.example"]
        self.prove(first)
        self.pass_time(62)
        second = self.request(SubjectAlternativeNames=["*.www.malmobybike.example", "new.malmobybike.example"],
                              IdempotencyToken="t2")
        found = self.proofs(second)
        self.assertEqual((found["www.malmobybike.example"], found["*.www.malmobybike.example"]), (shared, shared))
        self.assertNotIn(shared, [found["new.malmobybike.example"]])
        status = {o["DomainName"]: o["ValidationStatus"] for o in self.seen(second)["DomainValidationOptions"]}
        self.assertEqual(status["www.malmobybike.example"], "SUCCESS", "its record is there")
        self.assertEqual(self.seen(second)["Status"], "PENDING_VALIDATION")
        alone = self.request(SubjectAlternativeNames=["www.malmobybike.example"], IdempotencyToken="t3")
        self.pass_time(62)
        self.assertEqual(self.seen(alone)["Status"], "ISSUED")
        self.control("POST", "reset")
        self.assertEqual(self.proofs(self.request())["www.malmobybike.example"], shared, "the account's, for ever")
        other = self.client("acm", account="111122223333", region="eu-west-1")
        self.acm, mine = other, self.acm
        self.assertNotEqual(self.proofs(self.request())["www.malmobybike.example"], shared)
        self.acm = mine

    def test_token(self) -> None:
        first = self.request()
        self.assertEqual(self.request(), first)
        self.assertNotEqual(self.request(IdempotencyToken="t2"), first)
        self.acm.delete_certificate(CertificateArn=first)
        self.assertNotEqual(self.request(), first)
        self.refused("ResourceNotFoundException", self.seen, arn=first)

    def test_in_use_it_stays(self) -> None:
        arn = self.request()
        self.pass_time(10)
        self.prove(arn)
        self.pass_time(62)
        self.assertEqual(self.seen(arn)["Status"], "ISSUED")
        elb, net = self.client("elbv2"), self.network()
        balancer = elb.create_load_balancer(
            Name="lb", Subnets=net["subnets"], Scheme="internal")["LoadBalancers"][0]["LoadBalancerArn"]
        listener = elb.create_listener(
            LoadBalancerArn=balancer, Protocol="HTTPS", Port=443, Certificates=[{"CertificateArn": arn}],
            DefaultActions=[{"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "404"}}],
        )["Listeners"][0]["ListenerArn"]
        self.assertEqual(self.seen(arn)["InUseBy"], [balancer])
        self.refused("ResourceInUseException", self.acm.delete_certificate, CertificateArn=arn)
        elb.delete_listener(ListenerArn=listener)
        self.acm.delete_certificate(CertificateArn=arn)


if __name__ == "__main__":
    unittest.main()
