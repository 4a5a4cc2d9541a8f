"""AWS's clock on the wall, apart from the machine's."""

import datetime
import email.utils
import unittest

from .site import HOST, Site, a


class WallClock(Site):
    def ahead(self, moment: datetime.datetime) -> float:
        """Seconds that a moment is ahead of this machine's clock."""
        return (moment.astimezone(datetime.timezone.utc) - datetime.datetime.now(datetime.timezone.utc)).total_seconds()

    def date(self, answer: dict) -> datetime.datetime:
        return email.utils.parsedate_to_datetime(answer["ResponseMetadata"]["HTTPHeaders"]["date"])

    def test_every_date_that_aws_gives_is_by_its_own_clock(self) -> None:
        for seconds in (600, -900):
            self.control("POST", "clock", {"ahead": seconds})
            self.assertEqual(self.control("GET", "status")["clock"]["ahead"], seconds)
            batch = {"Changes": [{"Action": "UPSERT", "ResourceRecordSet": a(HOST, "198.51.100.10", ttl=abs(seconds))}]}
            change = self.route53.change_resource_record_sets(HostedZoneId=self.zone, ChangeBatch=batch)
            ecs = self.client("ecs")
            ecs.create_cluster(clusterName="malmo")
            definition = ecs.register_task_definition(family="web", containerDefinitions=[
                {"name": "web", "image": "web:1", "memory": 64}])["taskDefinition"]
            volume = self.ec2.create_volume(Size=1, AvailabilityZone="eu-north-1a")
            cluster = self.client("logs")
            seen = [change["ChangeInfo"]["SubmittedAt"], definition["registeredAt"], volume["CreateTime"],
                    self.date(change), self.date(volume), self.date(cluster.describe_log_groups()),
                    self.date(self.client("s3").list_buckets())]
            for moment in seen:
                self.assertAlmostEqual(self.ahead(moment), seconds, delta=20)
            again = self.route53.get_change(Id=change["ChangeInfo"]["Id"])["ChangeInfo"]["SubmittedAt"]
            self.assertEqual(again, change["ChangeInfo"]["SubmittedAt"])
        self.control("POST", "reset")
        self.assertEqual(self.control("GET", "status")["clock"]["ahead"], 0)
        self.assertAlmostEqual(self.ahead(self.date(self.ec2.describe_vpcs())), 0, delta=20)

    def test_it_does_not_pass_any_faster(self) -> None:
        change = self.route53.change_resource_record_sets(HostedZoneId=self.zone, ChangeBatch={"Changes": [
            {"Action": "UPSERT", "ResourceRecordSet": a(HOST, "198.51.100.10")}]})["ChangeInfo"]["Id"]
        self.control("POST", "clock", {"ahead": 3600})
        self.assertEqual(self.route53.get_change(Id=change)["ChangeInfo"]["Status"], "PENDING")


if __name__ == "__main__":
    unittest.main()
