"""What tests of users' ways share: a planted city, a load balancer with a certificate, records, and questions."""

import urllib.parse

from .base import Case

ACCOUNT = "123456789012"
HOST = "www.malmobybike.example"
ZONE = "Z23TAZ6LKFMNIO"  # of load balancers in eu-north-1


def seed(**more) -> dict:
    """A city with two web servers, a database that is a record, and one name."""
    secret = f"arn:aws:secretsmanager:eu-north-1:{ACCOUNT}:secret:malmo/legacy-database-AbCdEf"
    legacy = dict(
        instances={"tags": {"Name": "malmo-web"}}, addresses=["198.51.100.10", "198.51.100.11"],
        targets=["10.40.1.10", "10.40.1.11"], port=8000, hosted_zone="malmobybike.example", records=[HOST], ttl=60,
        database=dict(engine="postgres", endpoint="10.40.2.20:5432", name="bikes", credentials=secret))
    return dict(city="malmo", account=ACCOUNT, region="eu-north-1", legacy=legacy, images=[], secrets=[]) | more


class Site(Case):
    account = ACCOUNT

    def setUp(self) -> None:
        self.control("POST", "reset")
        self.planted = self.control("POST", "seed", seed())
        self.zone = self.planted["hosted_zone"]["id"]
        self.ec2, self.elb = self.client("ec2"), self.client("elbv2")
        self.route53, self.acm = self.client("route53"), self.client("acm")

    # Questions.
    def reach(self, host: str = HOST, path: str = "/") -> list[dict]:
        return self.control("GET", "reach?" + urllib.parse.urlencode({"host": host, "path": path}))["answers"]

    def statuses(self, host: str = HOST, path: str = "/") -> list[tuple]:
        """(what it leads to, share, status), the largest share first."""
        return sorted(((a["leads_to"], a["share"], a["status"]) for a in self.reach(host, path)), key=lambda a: -a[1])

    def web(self, **asked) -> dict:
        return self.control("GET", "web?" + urllib.parse.urlencode(asked))

    # Changes.
    def change(self, *changes) -> None:
        self.route53.change_resource_record_sets(HostedZoneId=self.zone, ChangeBatch={"Changes": [
            {"Action": action, "ResourceRecordSet": record} for action, record in changes]})

    def put(self, *records) -> None:
        self.change(*(("UPSERT", record) for record in records))

    def drop_legacy(self) -> None:
        self.change(("DELETE", a(HOST, *seed()["legacy"]["addresses"])))

    def instances(self) -> list[str]:
        return [one["id"] for one in self.planted["instances"]]

    def certificate(self, *names: str, wait: bool = True) -> str:
        """A certificate for the names, issued."""
        arn = self.acm.request_certificate(
            DomainName=names[0], SubjectAlternativeNames=list(names), ValidationMethod="DNS")["CertificateArn"]
        self.pass_time(10)
        options = self.acm.describe_certificate(CertificateArn=arn)["Certificate"]["DomainValidationOptions"]
        proofs = {o["ResourceRecord"]["Name"]: o["ResourceRecord"]["Value"] for o in options}
        self.put(*({"Name": name, "Type": "CNAME", "TTL": 300, "ResourceRecords": [{"Value": value}]}
                   for name, value in proofs.items()))
        self.pass_time(70)
        return arn

    def balancer(self, scheme: str = "internet-facing") -> dict:
        """A load balancer that is active; it has no listener."""
        self.net = self.network()
        gateway = self.ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
        self.ec2.attach_internet_gateway(InternetGatewayId=gateway, VpcId=self.net["vpc"])
        made = self.elb.create_load_balancer(Name="malmo", Subnets=self.net["subnets"], Scheme=scheme)["LoadBalancers"][0]
        self.pass_time(200)
        return made

    def group(self, name: str = "web", *targets: str, **more) -> str:
        arn = self.elb.create_target_group(
            Name=name, Protocol="HTTP", Port=8080, VpcId=self.net["vpc"], TargetType="ip", HealthCheckPath="/healthz",
            HealthCheckIntervalSeconds=5, HealthCheckTimeoutSeconds=2, HealthyThresholdCount=2,
            UnhealthyThresholdCount=2, **more)["TargetGroups"][0]["TargetGroupArn"]
        self.register(arn, *targets)
        return arn

    def register(self, arn: str, *targets: str) -> None:
        if targets:
            self.elb.register_targets(TargetGroupArn=arn, Targets=[
                {"Id": one, **({} if one.startswith("10.41.") else {"AvailabilityZone": "all"})} for one in targets])

    def listen(self, balancer: dict, action: dict, certificate: str | None = None, port: int = 443) -> str:
        tls = {"Protocol": "HTTPS", "Certificates": [{"CertificateArn": certificate}]} if certificate else {"Protocol": "HTTP"}
        return self.elb.create_listener(
            LoadBalancerArn=balancer["LoadBalancerArn"], Port=port, DefaultActions=[action], **tls,
        )["Listeners"][0]["ListenerArn"]

    def rule(self, listener: str, priority: int, action: dict, hosts=(), paths=()) -> str:
        conditions = [{"Field": "host-header", "HostHeaderConfig": {"Values": list(hosts)}}] if hosts else []
        conditions += [{"Field": "path-pattern", "PathPatternConfig": {"Values": list(paths)}}] if paths else []
        return self.elb.create_rule(
            ListenerArn=listener, Priority=priority, Conditions=conditions, Actions=[action])["Rules"][0]["RuleArn"]

    def site(self, *targets: str) -> tuple[dict, str]:
        """A load balancer that answers for HOST, with one target group behind its only rule."""
        balancer = self.balancer()
        group = self.group("web", *targets)
        self.listener = self.listen(balancer, NOT_FOUND, self.certificate(HOST))
        self.web_rule = self.rule(self.listener, 100, forward(group), hosts=[HOST])
        self.pass_time(30)
        return balancer, group


NOT_FOUND = {"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "404", "ContentType": "text/plain"}}


def forward(*arns: str, weights: tuple[int, ...] = ()) -> dict:
    return {"Type": "forward", "ForwardConfig": {"TargetGroups": [
        {"TargetGroupArn": arn, "Weight": weight} for arn, weight in zip(arns, weights or [1] * len(arns))]}}


def a(name: str, *values: str, ttl: int = 60, kind: str = "A", **more) -> dict:
    return {"Name": name, "Type": kind, "TTL": ttl, "ResourceRecords": [{"Value": v} for v in values], **more}


def alias(name: str, balancer: dict, evaluate: bool = True, kind: str = "A", **more) -> dict:
    return {"Name": name, "Type": kind, **more, "AliasTarget": {
        "HostedZoneId": ZONE, "DNSName": balancer["DNSName"], "EvaluateTargetHealth": evaluate}}
