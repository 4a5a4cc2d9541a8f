"""What real database servers cost in the sandbox: seconds, processor seconds, memory and disk of a legacy server.

usage: PYTHON tests/bench/sandbox_databases.py [MEGABYTES …]   with the interpreter that `migrate sandbox status --output json` names

The processor time is that of the adapter and all that it started, less that of the same run without servers.
"""

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from tests.sandbox.databases import seed  # noqa: E402
from tests.sandbox.base import post  # noqa: E402


def run(mode: str, engine: str, megabytes: int) -> dict:
    """One sandbox with one city, from its start to its end."""
    with tempfile.TemporaryDirectory(prefix="bench-") as home:
        command = [sys.executable, "-B", "-m", "adapter", "--home", home, "--databases", mode, "--megabytes", str(megabytes)]
        process = subprocess.Popen(command, cwd=ROOT / "src" / "sandbox")
        while not (Path(home) / "endpoint.json").exists():
            time.sleep(0.05)
        post(home, "seed", seed("malmo", engine))
        begun = time.monotonic()
        servers = post(home, "databases", {"seconds": 3600})["servers"]
        seconds = time.monotonic() - begun
        assert all(server["state"] == "ready" for server in servers), servers
        folders = [Path(server["log"]).parent for server in servers]
        seen = {"seconds": seconds, "memory": sum(map(memory, folders)), "disk": sum(map(disk, folders))}
        process.terminate()
        usage = os.wait4(process.pid, 0)[2]
        return {**seen, "processor": usage.ru_utime + usage.ru_stime}


def memory(folder: Path) -> float:
    """The share of memory (PSS) of the server's processes, megabytes."""
    main = subprocess.run(["pgrep", "-f", f"^[^ ]*(postgres|mariadbd) .*{folder}"], capture_output=True, text=True).stdout.split()
    children = [subprocess.run(["pgrep", "-P", pid], capture_output=True, text=True).stdout.split() for pid in main]
    total = 0
    for pid in [*main, *sum(children, [])]:
        rollup = Path(f"/proc/{pid}/smaps_rollup").read_text()
        total += sum(int(line.split()[1]) for line in rollup.splitlines() if line.startswith("Pss:"))
    return total / 1024


def disk(folder: Path) -> float:
    return int(subprocess.run(["du", "-sm", str(folder)], capture_output=True, text=True).stdout.split()[0])


print(f"{'engine':10} {'size MB':>8} {'seconds':>8} {'processor s':>12} {'memory MB':>10} {'disk MB':>8}")
without = run("off", "postgres", 1)["processor"]
for size in [int(text) for text in sys.argv[1:]] or [20]:
    for engine in ("postgres", "mysql"):
        one = run("on", engine, size)
        print(f"{engine:10} {size:8} {one['seconds']:8.1f} {one['processor'] - without:12.1f} {one['memory']:10.0f} "
              f"{one['disk']:8.0f}", flush=True)
print(f"without servers the sandbox takes {without:.1f} processor seconds; load {os.getloadavg()[0]:.1f} on {os.cpu_count()} processors")
