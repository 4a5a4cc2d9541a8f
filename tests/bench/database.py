#!/usr/bin/env python3
"""What moving a PostgreSQL database costs: time, interruption, processor seconds. Ours against what an operator would do by hand.

usage: tests/bench/database.py [--binary FILE] [--gigabytes G] [--rate W] [--jobs N] [--only dump|replication|migrate …]

In a sandbox of its own, whose legacy server holds G gigabytes (1) of a bike-sharing system's data; needs Python and the package postgresql.
pgbench writes W rows a second (200) into the legacy server, until its writes are stopped. Three ways, one after another:

  dump         writes stopped, pg_dump -Fd -j N, pg_restore -j N, ANALYZE. All of it is interruption.
  replication  the schema with all its indexes, CREATE PUBLICATION and SUBSCRIPTION, wait until every table follows, ANALYZE; then stop writes,
               wait for the last byte, carry the sequences over, drop the subscription. No way back, nothing is compared.
  migrate      `migrate apply`, from the first step on the data until the new side serves and the old stream is gone.

The time of the last one's interruption is by its own clock, from the freeze until the other side is open; tests/database.sh measures what clients
see. Processor seconds are those of both servers and of the tools, without pgbench; servers' include the writer's sessions.
"""

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BIN = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parent.name))[-1]
TICK = os.sysconf("SC_CLK_TCK")
CLOCK = ("freeze writes", "let transactions end", "apply the last changes", "set sequences", "compare", "arm the way back", "hand over", "open")
WRITE = "INSERT INTO bench_writes (value) VALUES (md5(random()::text));\n"


class Server:
    """A PostgreSQL server that runs, and how to log in to it."""

    def __init__(self, data: Path, host: str, port: int, user: str, password: str, database: str) -> None:
        self.pid = int((data / "postmaster.pid").read_text().splitlines()[0])
        self.conninfo = f"host={host} port={port} user={user} dbname={database} sslmode=prefer"
        self.link = f"{self.conninfo} password={password}"
        self.env = {**os.environ, "PGPASSWORD": password, "PGOPTIONS": "-c client_min_messages=warning"}

    def sql(self, script: str) -> str:
        done = subprocess.run([BIN / "psql", "-XqAt", "-v", "ON_ERROR_STOP=1", "-d", self.conninfo], input=script, env=self.env,
                              capture_output=True, text=True)
        if done.returncode:
            sys.exit(f"psql: {done.stderr}")
        return done.stdout.strip()

    def tool(self, *command: str) -> float:
        """Runs one of PostgreSQL's tools; its processor seconds."""
        process = subprocess.Popen([BIN / command[0], *command[1:], "-d", self.conninfo], env=self.env)
        _, status, used = os.wait4(process.pid, 0)
        if os.waitstatus_to_exitcode(status):
            sys.exit(f"{command[0]} failed")
        return used.ru_utime + used.ru_stime

    def processor(self) -> float:
        """Seconds of all its processes, also of those that have ended."""
        total = sum(_times(self.pid)[:4])
        for one in Path("/proc").iterdir():
            try:
                if one.name.isdigit() and int((one / "stat").read_text().rsplit(")", 1)[1].split()[1]) == self.pid:
                    total += sum(_times(int(one.name))[:2])
            except OSError:
                pass  # it has just ended
        return total / TICK


def _times(pid: int) -> list[int]:
    """user, system, and the same of children that were waited for."""
    return [int(text) for text in Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[11:15]]


class Bench:
    def __init__(self, binary: Path, home: Path, megabytes: int) -> None:
        self.binary, self.home = binary, home
        shutil.copytree(ROOT / "cities", home / "cities")
        self.env = {
            **{name: value for name, value in os.environ.items() if not name.startswith("AWS_")},
            "MIGRATE_CITIES": str(home / "cities"), "MIGRATE_SANDBOX_HOME": str(home / "sandbox"), "NO_COLOR": "1",
            "MIGRATE_SANDBOX_SPEED": "900", "MIGRATE_SANDBOX_DATABASES": "on", "MIGRATE_SANDBOX_MEGABYTES": str(megabytes),
            "MIGRATE_SANDBOX_RIDES": "0",
        }
        (home / "sandbox").mkdir()
        subprocess.run([binary, "--sandbox", "plan", "malmo"], env=self.env, check=True, stdout=subprocess.DEVNULL)
        while self.post("_sandbox/databases", {"seconds": 60})["servers"][0]["state"] == "starting":
            pass
        self.old = self.server("legacy")
        self.old.sql("CREATE TABLE bench_writes (id bigserial PRIMARY KEY, value text NOT NULL); CHECKPOINT")
        self.script = home / "write.sql"
        self.script.write_text(WRITE)

    def post(self, path: str, body: dict, **headers: str) -> dict:
        endpoint = json.loads((self.home / "sandbox" / "endpoint.json").read_text())["endpoint"]
        request = urllib.request.Request(f"{endpoint}/{path}", data=json.dumps(body).encode(), method="POST", headers=headers)
        with urllib.request.urlopen(request) as answer:
            return json.loads(answer.read())

    def server(self, role: str) -> Server:
        servers = self.post("_sandbox/databases", {"seconds": 0})["servers"]
        one = next(server for server in servers if server["role"] == role)
        region, account = one["password_in"].split(":")[3:5]
        secret = self.post("", {"SecretId": one["password_in"]}, **{
            "X-Amz-Target": "secretsmanager.GetSecretValue", "Content-Type": "application/x-amz-json-1.1",
            "Authorization": f"AWS4-HMAC-SHA256 Credential=SANDBOX{account}/20260101/{region}/secretsmanager/aws4_request, "
                             "SignedHeaders=host, Signature=0"})
        password = json.loads(secret["SecretString"])["password"]
        return Server(Path(one["log"]).parent / "data", one["host"], one["port"], one["user"], password, one["name"])

    def other(self, name: str) -> Server:
        """A server such as the sandbox makes, its settings PostgreSQL's own."""
        data, port = self.home / name, 5432
        subprocess.run(["install", "-d", "-o", "postgres", "-m", "700", data], check=True)
        os.chmod(self.home, 0o711)
        env = {"PATH": os.environ["PATH"], "HOME": str(data), "LC_ALL": "C"}  # root's certificates are closed to it
        run = ["setpriv", "--reuid=postgres", "--regid=postgres", "--init-groups", "--"] if os.geteuid() == 0 else []
        subprocess.run([*run, BIN / "initdb", "-D", data, "--username=bikes", "--auth=trust", "--encoding=UTF8", "--locale=C.UTF-8",
                        "--no-sync"], check=True, stdout=subprocess.DEVNULL, cwd="/")
        with (data / "postgresql.conf").open("a") as file:
            file.write("listen_addresses = '127.1.2.3'\nunix_socket_directories = ''\nwal_level = logical\nmax_connections = 200\n")
        subprocess.run([*run, BIN / "pg_ctl", "-D", data, "-l", data / "log", "-w", "start"], check=True, stdout=subprocess.DEVNULL, cwd="/",
                       env=env)
        server = Server(data, "127.1.2.3", port, "bikes", "", "postgres")
        server.sql("CREATE ROLE report; CREATE DATABASE bikes")
        return Server(data, "127.1.2.3", port, "bikes", "", "bikes")

    def writer(self, rate: int) -> subprocess.Popen:
        return subprocess.Popen([BIN / "pgbench", "-n", "-c", "20", "-j", "1", "-R", str(rate), "-T", "7200", "-f", self.script, self.old.conninfo],
                                env=self.old.env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def stop(server: Server) -> None:
    os.kill(server.pid, 2)
    while Path(f"/proc/{server.pid}").exists():
        time.sleep(0.05)


def dump(bench: Bench, rate: int, jobs: int) -> tuple[float, float, float, float]:
    new, writer = bench.other("dumped"), bench.writer(rate)
    time.sleep(3)
    processor, began = bench.old.processor() + new.processor(), time.monotonic()
    writer.terminate()
    writer.wait()
    folder = bench.home / "dump"
    tools = bench.old.tool("pg_dump", "-Fd", "-j", str(jobs), "-f", str(folder))
    archive = subprocess.Popen([BIN / "pg_restore", "-j", str(jobs), "-d", new.conninfo, folder], env=new.env)
    _, status, used = os.wait4(archive.pid, 0)
    if os.waitstatus_to_exitcode(status):
        sys.exit("pg_restore failed")
    new.sql("ANALYZE")
    took = time.monotonic() - began
    servers = bench.old.processor() + new.processor() - processor
    stop(new)
    shutil.rmtree(folder)
    return took, took, servers, tools + used.ru_utime + used.ru_stime


def replication(bench: Bench, rate: int, jobs: int) -> tuple[float, float, float, float]:
    old, new, writer = bench.old, bench.other("replicated"), bench.writer(rate)
    time.sleep(3)
    processor, began = old.processor() + new.processor(), time.monotonic()
    schema = bench.home / "schema.sql"
    tools = old.tool("pg_dump", "--schema-only", "-f", str(schema))
    new.sql(schema.read_text())
    old.sql("CREATE PUBLICATION bench FOR ALL TABLES")
    new.sql(f"CREATE SUBSCRIPTION bench CONNECTION '{old.link}' PUBLICATION bench")
    while new.sql("SELECT count(*) FROM pg_subscription_rel WHERE srsubstate <> 'r'") != "0":
        time.sleep(0.5)
    new.sql("ANALYZE")
    stopped = time.monotonic()
    old.sql("ALTER DATABASE bikes SET default_transaction_read_only = on; SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE backend_type = 'client backend' AND pid <> pg_backend_pid() AND datname = current_database()")
    last = old.sql("SELECT pg_current_wal_lsn()")
    while old.sql(f"SELECT confirmed_flush_lsn >= '{last}' FROM pg_replication_slots WHERE slot_name = 'bench'") != "t":
        pass
    new.sql(old.sql("SELECT format('SELECT setval(%L, %s);', format('%I.%I', schemaname, sequencename), last_value) FROM pg_sequences "
                    "WHERE last_value IS NOT NULL"))
    new.sql("INSERT INTO bench_writes (value) VALUES ('the first one')")
    opened = time.monotonic()
    new.sql("DROP SUBSCRIPTION bench")
    took = time.monotonic() - began
    writer.wait()
    servers = old.processor() + new.processor() - processor
    stop(new)
    old.sql("SET default_transaction_read_only = off; ALTER DATABASE bikes RESET default_transaction_read_only; DROP PUBLICATION bench")
    return took, opened - stopped, servers, tools


def migrate(bench: Bench, rate: int, jobs: int) -> tuple[float, float, float, float]:
    writer = bench.writer(rate)
    process = subprocess.Popen([bench.binary, "--sandbox", "apply", "malmo", "--yes", "--now=malmo"], env=bench.env, stdin=subprocess.DEVNULL,
                               stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    clock, said, began, took, servers = 0, [], None, None, 0.0
    for line in process.stderr:
        said.append(line)
        if began is None and "+ rds/data  " in line:
            new = bench.server("rds")
            began, processor = time.monotonic(), bench.old.processor() + new.processor()
        if step := re.search(r"cutover/data  (.+): (\d+) ms$", line):
            clock += int(step[2]) if step[1] in CLOCK else 0
        if "cutover/data  done" in line:
            took, servers = time.monotonic() - began, bench.old.processor() + new.processor() - processor
    _, status, used = os.wait4(process.pid, 0)
    writer.terminate()
    writer.wait()
    if os.waitstatus_to_exitcode(status):
        sys.exit("".join(said))
    (bench.home / "said").write_text("".join(said))
    steps = [line.strip() for line in said if re.search(r"(rds|cutover)/data\S*  .*(\d ms|done)", line)]
    print("\n".join(steps), file=sys.stderr)
    return took, clock / 1000, servers, used.ru_utime + used.ru_stime


def main() -> None:
    parser = argparse.ArgumentParser(description="What moving a PostgreSQL database costs")
    parser.add_argument("--binary", type=Path, help="a built migrate; without it a debug build is made")
    parser.add_argument("--gigabytes", type=float, default=1)
    parser.add_argument("--rate", type=int, default=200, help="writes a second until they are stopped")
    parser.add_argument("--jobs", type=int, default=os.cpu_count(), help="of pg_dump and pg_restore")
    parser.add_argument("--only", nargs="*", default=["dump", "replication", "migrate"])
    arguments = parser.parse_args()
    binary = arguments.binary
    if binary is None:
        subprocess.run(["cargo", "build", "--locked", "--quiet"], cwd=ROOT, check=True)
        binary = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")) / "debug" / "migrate"
    home = Path(tempfile.mkdtemp(prefix="migrate-bench-", dir="/var/tmp"))
    bench = None
    try:
        bench = Bench(binary.resolve(), home, round(arguments.gigabytes * 1000))
        size = bench.old.sql("SELECT pg_size_pretty(pg_database_size(current_database()))")
        print(f"{size}, {arguments.rate} writes a second, load {os.getloadavg()[0]:.1f}, {os.cpu_count()} processors")
        print("| way | total | interruption | processor: servers | tools |\n| --- | --- | --- | --- | --- |", flush=True)
        for way in arguments.only:
            took, interruption, servers, tools = {"dump": dump, "replication": replication, "migrate": migrate}[way](
                bench, arguments.rate, arguments.jobs)
            print(f"| {way} | {took:.1f} s | {interruption:.2f} s | {servers:.1f} s | {tools:.1f} s |", flush=True)
            print(f"load {os.getloadavg()[0]:.1f}", file=sys.stderr)
    finally:
        if bench:
            subprocess.run([bench.binary, "sandbox", "stop"], env=bench.env, stdout=subprocess.DEVNULL)
        for pidfile in home.glob("*/postmaster.pid"):
            os.kill(int(pidfile.read_text().splitlines()[0]), 3)
        shutil.rmtree(home, ignore_errors=True)


if __name__ == "__main__":
    main()
