#!/usr/bin/env python3
"""What a plan costs: calls to AWS, rounds of them one after another, peak memory, time. In a sandbox of its own; needs nothing but Python.

usage: tests/bench/plan.py [--binary FILE] [--many N] [--latency SECONDS]

Each city of cities/ and twice N more like Malmö are built first (N in its account and region, N each in an account of its own), so that
the plans counted find nothing to change. Every call is answered `latency` later (0.1 s unless told otherwise), as one to AWS would be, and calls keep to the rates that AWS publishes. A round is what
no call could begin before: the rounds are the longest chain of calls in which each began after the one before had ended, by the
sandbox's own record. Memory is the kernel's: the largest resident set of the process. Exits with 1 where an unchanged city costs more than 30 calls or 4 rounds, or, in a release build, 40 MB.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
CALLS, ROUNDS, MEGABYTES = 30, 4, 40


class Bench:
    def __init__(self, binary: Path, home: Path) -> None:
        self.binary, self.home, self.cities = binary, home, home / "cities"
        shutil.copytree(ROOT / "cities", self.cities)
        self.env = {
            **{name: value for name, value in os.environ.items() if not name.startswith("AWS_")},
            "MIGRATE_CITIES": str(self.cities), "MIGRATE_SANDBOX_HOME": str(home / "sandbox"),
            "MIGRATE_SANDBOX_SPEED": "900", "MIGRATE_SANDBOX_DATABASES": "off", "NO_COLOR": "1",
        }

    def run(self, *arguments: str) -> dict:
        """Runs `migrate --sandbox ARGUMENTS`: seconds, processor seconds, peak megabytes."""
        with tempfile.TemporaryFile() as said:
            began = time.monotonic()
            process = subprocess.Popen([self.binary, "--sandbox", *arguments], env=self.env, stdin=subprocess.DEVNULL,
                                       stdout=said, stderr=said)
            _, status, used = os.wait4(process.pid, 0)
            seconds = time.monotonic() - began
            if os.waitstatus_to_exitcode(status):
                said.seek(0)
                sys.exit(f"migrate {' '.join(arguments)}:\n{said.read().decode()}")
        unit = 1e6 if sys.platform == "darwin" else 1e3
        return {"seconds": seconds, "processor": used.ru_utime + used.ru_stime, "megabytes": used.ru_maxrss / unit}

    def control(self, method: str, path: str, body: dict | None = None) -> dict:
        endpoint = json.loads((self.home / "sandbox" / "endpoint.json").read_text())["endpoint"]
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"{endpoint}/_sandbox/{path}", data=data, method=method)
        with urllib.request.urlopen(request) as answer:
            return json.loads(answer.read())

    def raise_quotas(self) -> None:
        """A new account has room for five cities; this one for all that are asked for."""
        status = subprocess.run([self.binary, "sandbox", "status", "--output", "json"], env=self.env, stdout=subprocess.PIPE)
        known = json.loads(status.stdout)
        ask = ("import boto3; quotas = boto3.client('service-quotas', 'eu-north-1')\n"
               "for service in 'ec2', 'vpc', 'rds', 'elasticloadbalancing':\n"
               "    for quota in quotas.list_service_quotas(ServiceCode=service)['Quotas']:\n"
               "        quotas.request_service_quota_increase(\n"
               "            ServiceCode=service, QuotaCode=quota['QuotaCode'], DesiredValue=100 * quota['Value'])")
        env = {**self.env, "AWS_ENDPOINT_URL": known["endpoint"], "AWS_ACCESS_KEY_ID": "sandbox", "AWS_SECRET_ACCESS_KEY": "sandbox"}
        subprocess.run([known["python"], "-c", ask], env=env, check=True)

    def plan(self, *cities: str) -> dict:
        """The least of three plans in time and memory, after one that warms the sandbox up; calls and rounds of the last."""
        runs = []
        for _ in range(4):
            self.control("POST", "reset-calls")
            runs.append(self.run("plan", *cities))
        calls = self.control("GET", "calls")["calls"]
        best = {key: min(run[key] for run in runs[1:]) for key in runs[0]}
        return {**best, "calls": len(calls), "rounds": rounds(calls)}

    def generate(self, number: int, apart: bool = False) -> list[str]:
        """City files like Malmö's, each with a name, a domain and addresses of its own, `apart`: in an account of its own."""
        text = (ROOT / "cities" / "malmo.yaml").read_text()
        names = [f"{'apart' if apart else 'city'}{n:02}" for n in range(number)]
        for n, name in enumerate(names):
            changed = text.replace("malmobybike", f"{name}bike").replace("malmo", name).replace("10.41.0.0", f"10.{100 + n}.0.0")
            changed = changed.replace("123456789012", f"{210000000000 + n}") if apart else changed
            (self.cities / f"{name}.yaml").write_text(changed)
        return names


def rounds(calls: list[dict]) -> int:
    """The most calls that followed each other without overlapping."""
    count, end = 0, float("-inf")
    for call in sorted(calls, key=lambda call: call["end"]):
        if call["start"] >= end:
            count, end = count + 1, call["end"]
    return count


def line(what: str, found: dict) -> None:
    print(f"| {what} | {found['calls']} | {found['rounds']} | {found['seconds']:.2f} s | {found['processor']:.2f} s "
          f"| {found['megabytes']:.1f} MB |", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description="What a plan costs")
    parser.add_argument("--binary", type=Path, help="a built migrate; without it a debug build is made")
    parser.add_argument("--many", type=int, default=50, help="how many generated cities are built and planned at once (at most 150)")
    parser.add_argument("--latency", type=float, default=0.1, help="seconds that each call takes besides the sandbox's own work")
    arguments = parser.parse_args()
    binary = arguments.binary
    if binary is None:
        subprocess.run(["cargo", "build", "--locked", "--quiet"], cwd=ROOT, check=True)
        binary = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")) / "debug" / "migrate"
    home = Path(tempfile.mkdtemp(prefix="migrate-bench-"))
    bench = Bench(binary.resolve(), home)
    try:
        sys.exit(measure(bench, arguments.many, arguments.latency, "release" in binary.parts))
    finally:
        subprocess.run([bench.binary, "sandbox", "stop"], env=bench.env, stdout=subprocess.DEVNULL)
        shutil.rmtree(home)


def measure(bench: Bench, many: int, latency: float, release: bool) -> int:
    cities = sorted(path.stem for path in bench.cities.glob("*.yaml"))
    names, apart = bench.generate(many), bench.generate(many, apart=True)
    with ThreadPoolExecutor(max_workers=4) as workers:
        bench.run("apply", cities[0], "--yes", f"--now={cities[0]}")  # starts the sandbox
        bench.raise_quotas()
        list(workers.map(lambda city: bench.run("apply", city, "--yes", f"--now={city}"), cities[1:] + names + apart))
    bench.control("POST", "latency", {"seconds": latency})
    bench.control("POST", "speed", {"speed": 1})  # from now on calls keep to AWS's published rates, as they stand
    print("| plan of | calls | rounds | time | processor time | memory |\n| --- | --- | --- | --- | --- | --- |", flush=True)
    worst = 0
    for city in cities:
        found = bench.plan(city)
        line(f"{city}, unchanged", found)
        over = found["calls"] > CALLS or found["rounds"] > ROUNDS or (release and found["megabytes"] > MEGABYTES)
        worst = max(worst, int(over))
    line(f"all {len(cities)}, unchanged", bench.plan(*cities))
    line("one of the generated ones, unchanged", bench.plan(names[0]))
    line(f"{many} of them, unchanged", bench.plan(*names))
    line(f"{many} like them, each in an account of its own, unchanged", bench.plan(*apart))
    (bench.cities / "new.yaml").write_text((bench.cities / f"{names[0]}.yaml").read_text().replace(names[0], "new").replace("10.100.0.0", "10.99.0.0"))
    line("one new city", bench.plan("new"))
    return worst


if __name__ == "__main__":
    main()
