"""The process: goes to the background, says when it is ready, holds its home, stops when told."""

import json
import subprocess
import sys
import tempfile
import unittest
import urllib.request
from pathlib import Path

from .base import ROOT


class Process(unittest.TestCase):
    def run_adapter(self, home: str) -> subprocess.CompletedProcess:
        with open(Path(home) / "log", "a") as log:
            return subprocess.run(
                [sys.executable, "-B", "-m", "adapter", "--home", home, "--detach", "--name", "test"],
                cwd=ROOT / "src" / "sandbox", stdout=log, stderr=log, timeout=60)

    def test_detached(self) -> None:
        import fcntl

        with tempfile.TemporaryDirectory() as home:
            self.assertEqual(self.run_adapter(home).returncode, 0)
            at = json.loads((Path(home) / "endpoint.json").read_text())
            with urllib.request.urlopen(at["endpoint"] + "/_sandbox/status") as answer:
                status = json.loads(answer.read())
            self.assertEqual((status["pid"], status["version"]), (at["pid"], "test"))
            self.assertEqual(self.run_adapter(home).returncode, 1)
            urllib.request.urlopen(urllib.request.Request(at["endpoint"] + "/_sandbox/stop", method="POST")).read()
            with open(Path(home) / "lock") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX)
            self.assertFalse((Path(home) / "endpoint.json").exists())


if __name__ == "__main__":
    unittest.main()
