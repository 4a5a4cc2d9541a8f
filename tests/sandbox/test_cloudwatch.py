"""CloudWatch over Smithy's RPC v2 CBOR, as aws-sdk-cloudwatch speaks it, and over boto3."""

import datetime
import unittest
import urllib.error
import urllib.request

import cbor2

from .base import REGION, Case, endpoint

ALARM = dict(AlarmName="malmo-5xx", MetricName="HTTPCode_ELB_5XX_Count", Namespace="AWS/ApplicationELB", Period=60,
             Statistic="Sum", EvaluationPeriods=2, Threshold=1.5, ComparisonOperator="GreaterThanThreshold",
             Dimensions=[{"Name": "LoadBalancer", "Value": "app/malmo/1"}], AlarmActions=["arn:aws:sns:x:1:t"],
             Tags=[{"Key": "migrate:city", "Value": "malmo"}])


class CloudWatch(Case):
    def setUp(self) -> None:
        self.control("POST", "reset")

    def call(self, operation: str, **value):
        """(status, headers, body) of a call in CBOR."""
        request = urllib.request.Request(
            f"{endpoint()}/service/GraniteServiceVersion20100801/operation/{operation}", method="POST",
            data=cbor2.dumps(value, datetime_as_timestamp=True), headers={
                "smithy-protocol": "rpc-v2-cbor", "Content-Type": "application/cbor", "Accept": "application/cbor",
                "Authorization": f"AWS4-HMAC-SHA256 Credential=SANDBOX{self.account}/20261123/{REGION}"
                                 "/monitoring/aws4_request, SignedHeaders=host, Signature=0"})
        try:
            with urllib.request.urlopen(request) as answer:
                self.assertEqual(answer.headers["smithy-protocol"], "rpc-v2-cbor")
                return answer.status, answer.headers, cbor2.loads(answer.read())
        except urllib.error.HTTPError as error:
            return error.code, error.headers, cbor2.loads(error.read())

    def ok(self, operation: str, **value) -> dict:
        status, _, body = self.call(operation, **value)
        self.assertEqual(status, 200, body)
        return body

    def test_alarms(self) -> None:
        self.ok("PutMetricAlarm", **ALARM)
        alarm = self.ok("DescribeAlarms", AlarmNames=["malmo-5xx"])["MetricAlarms"][0]
        for name, value in ALARM.items():
            if name != "Tags":
                self.assertEqual(alarm[name], value, name)
        self.assertEqual(alarm["StateValue"], "INSUFFICIENT_DATA")
        self.assertIsInstance(alarm["StateUpdatedTimestamp"], datetime.datetime)
        self.assertIsInstance(alarm["Threshold"], float)
        self.assertEqual(self.client("cloudwatch").describe_alarms()["MetricAlarms"][0]["AlarmArn"], alarm["AlarmArn"])
        arn = alarm["AlarmArn"]
        self.ok("TagResource", ResourceARN=arn, Tags=[{"Key": "a", "Value": "b"}])
        self.assertEqual(self.ok("ListTagsForResource", ResourceARN=arn)["Tags"],
                         [*ALARM["Tags"], {"Key": "a", "Value": "b"}])
        self.ok("UntagResource", ResourceARN=arn, TagKeys=["a"])
        self.ok("DeleteAlarms", AlarmNames=["malmo-5xx"])
        self.assertEqual(self.ok("DescribeAlarms")["MetricAlarms"], [])

    def test_an_alarm_keeps_its_state(self) -> None:
        self.ok("PutMetricAlarm", **{**ALARM, "TreatMissingData": "notBreaching"})
        self.pass_time(200)
        state = lambda: self.ok("DescribeAlarms")["MetricAlarms"][0]["StateValue"]  # noqa: E731
        self.assertEqual(state(), "OK")
        self.client("cloudwatch").set_alarm_state(AlarmName="malmo-5xx", StateValue="ALARM", StateReason="test")
        self.ok("PutMetricAlarm", **{**ALARM, "Threshold": 3.0})
        self.assertEqual(state(), "ALARM")

    def test_dashboards(self) -> None:
        self.ok("PutDashboard", DashboardName="malmo", DashboardBody='{"widgets":[]}')
        self.assertEqual(self.ok("GetDashboard", DashboardName="malmo")["DashboardBody"], '{"widgets":[]}')
        self.assertEqual(len(self.ok("ListDashboards")["DashboardEntries"]), 1)
        self.ok("DeleteDashboards", DashboardNames=["malmo"])
        status, headers, body = self.call("GetDashboard", DashboardName="malmo")
        self.assertEqual((status, body["__type"]), (404, "com.amazonaws.cloudwatch#ResourceNotFound"))
        self.assertEqual(headers["x-amzn-query-error"], "ResourceNotFound;Sender")

    def test_metrics(self) -> None:
        now = datetime.datetime.now(datetime.timezone.utc)
        self.ok("PutMetricData", Namespace="migrate", MetricData=[{"MetricName": "m", "Value": 3.0, "Timestamp": now}])
        hour = datetime.timedelta(hours=1)
        result = self.ok("GetMetricData", StartTime=now - hour, EndTime=now + hour, MetricDataQueries=[
            {"Id": "q", "MetricStat": {"Metric": {"Namespace": "migrate", "MetricName": "m"}, "Period": 60,
                                       "Stat": "Sum"}}])["MetricDataResults"][0]
        self.assertEqual(result["Values"], [3.0])

    def test_faults_and_unknown_operations(self) -> None:
        self.control("POST", "faults", {"service": "cloudwatch", "operation": "PutMetricAlarm", "kind": "throttle"})
        status, headers, body = self.call("PutMetricAlarm", **ALARM)
        self.assertEqual((status, body["__type"].split("#")[1]), (400, "Throttling"))
        self.assertEqual(headers["smithy-protocol"], "rpc-v2-cbor")
        self.assertEqual(self.call("Nothing")[0], 404)
        self.assertEqual(self.control("GET", "status")["calls"]["by_operation"]["cloudwatch.PutMetricAlarm"], 1)


if __name__ == "__main__":
    unittest.main()
