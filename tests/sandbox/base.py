"""One adapter for all tests of a run: started once, reset before every class."""

import atexit
import json
import os
import subprocess
import sys
import tempfile
import time
import unittest
import urllib.error
import urllib.request
from pathlib import Path

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

ROOT = Path(__file__).resolve().parents[2]
REGION = "eu-north-1"
SPEED = 0.1  # time all but stands: tests let it pass by themselves, so that a slow machine changes nothing
_running: dict = {}


def start(speed: float = SPEED, *arguments: str) -> dict:
    """Starts an adapter on a free port and returns its endpoint.json and home; it ends with the tests."""
    home = tempfile.mkdtemp(prefix="sandbox-")
    log = open(Path(home) / "log", "w")
    process = subprocess.Popen(
        [sys.executable, "-B", "-m", "adapter", "--port", "0", "--home", home, "--speed", str(speed), *arguments],
        cwd=ROOT / "src" / "sandbox", stdout=log, stderr=log, start_new_session=True,
    )
    atexit.register(lambda: (process.kill(), process.wait(), log.close()))
    ready = Path(home) / "endpoint.json"
    for _ in range(2400):  # two minutes, for machines that have much else to do
        if ready.exists():
            return {**json.loads(ready.read_text()), "home": home}
        if process.poll() is not None:
            break
        time.sleep(0.05)
    raise RuntimeError((Path(home) / "log").read_text())


def running(*arguments: str) -> dict:
    """The adapter that runs with these arguments, started by whoever asks first."""
    if arguments not in _running:
        _running[arguments] = start(SPEED, *arguments)
    return _running[arguments]


def endpoint() -> str:
    return running()["endpoint"]


def post(home: str, path: str, body: dict) -> dict:
    """Asks the control address of the sandbox in that home."""
    endpoint = json.loads((Path(home) / "endpoint.json").read_text())["endpoint"]
    request = urllib.request.Request(f"{endpoint}/_sandbox/{path}", data=json.dumps(body).encode(), method="POST")
    with urllib.request.urlopen(request) as answer:
        return json.loads(answer.read())


class Case(unittest.TestCase):
    """A test class with clients of an account of its own; the state is fresh for each class."""

    account = "210987654321"
    arguments: tuple[str, ...] = ()  # of the adapter
    speed = SPEED

    @classmethod
    def setUpClass(cls) -> None:
        cls.control("POST", "reset")
        cls.control("POST", "speed", {"speed": cls.speed})

    @classmethod
    def client(cls, service: str, account: str | None = None, region: str = REGION, **config):
        config = {"retries": {"total_max_attempts": 1, "mode": "standard"}, **config}
        return boto3.client(
            service, endpoint_url=running(*cls.arguments)["endpoint"], region_name=region, config=Config(**config),
            aws_access_key_id="SANDBOX" + (account or cls.account), aws_secret_access_key="sandbox",
        )

    @classmethod
    def control(cls, method: str, path: str, body: dict | None = None):
        data = json.dumps(body).encode() if body is not None else None
        request = urllib.request.Request(f"{running(*cls.arguments)['endpoint']}/_sandbox/{path}", data=data, method=method)
        with urllib.request.urlopen(request) as answer:
            return json.loads(answer.read())

    @classmethod
    def pass_time(cls, seconds: float) -> None:
        """Lets `seconds` of AWS's time pass."""
        cls.control("POST", "advance", {"seconds": seconds})

    def refused(self, code: str, call, **kwargs) -> str:
        """Asserts that AWS's error `code` answers the call; returns its message."""
        with self.assertRaises(ClientError) as caught:
            call(**kwargs)
        self.assertEqual(caught.exception.response["Error"]["Code"], code)
        return caught.exception.response["Error"]["Message"]

    def until(self, wanted, call, seconds: float = 15.0):
        """Calls until it answers `wanted`; the test fails after `seconds`."""
        end = time.monotonic() + seconds
        while (seen := call()) != wanted:
            if time.monotonic() > end:
                self.fail(f"still {seen!r}, not {wanted!r}")
            time.sleep(0.05)

    def network(self, zones: int = 2) -> dict:
        """A VPC with a subnet in each of the first zones."""
        ec2 = self.client("ec2")
        vpc = ec2.create_vpc(CidrBlock="10.41.0.0/16")["Vpc"]["VpcId"]
        subnets = [
            ec2.create_subnet(VpcId=vpc, CidrBlock=f"10.41.{n}.0/24", AvailabilityZone=f"{REGION}{'abc'[n]}")
            ["Subnet"]["SubnetId"]
            for n in range(zones)
        ]
        return {"vpc": vpc, "subnets": subnets}
