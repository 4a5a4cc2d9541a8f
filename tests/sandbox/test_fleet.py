"""Whether databases are servers, by what is asked for and what is installed."""

import sys
import unittest
from pathlib import Path
from unittest import mock

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "src" / "sandbox"))

from adapter import db_fleet, db_process  # noqa: E402


class Modes(unittest.TestCase):
    def fleet(self, mode: str) -> db_fleet.Fleet:
        fleet = db_fleet.Fleet()
        fleet.mode = mode
        return fleet

    def test_what_is_installed_is_started_unless_it_is_off(self) -> None:
        self.assertEqual([self.fleet(mode).serves("postgres") for mode in db_fleet.MODES], [False, True, True])

    def test_what_is_missing_is_a_record_or_an_error_that_says_how_to_get_it(self) -> None:
        with mock.patch("adapter.db_postgres.binaries", return_value=None):
            self.assertFalse(self.fleet("auto").serves("postgres"))
            self.assertTrue(self.fleet("auto").serves("mysql"))
            self.assertIn("apt-get install postgresql", self.fleet("auto").status()["missing"]["postgres"])
            with self.assertRaisesRegex(ValueError, "apt-get install postgresql"):
                self.fleet("on").serves("postgres")

    def test_a_server_has_an_address_of_its_own_or_else_a_port(self) -> None:
        host, port = db_process.free_address(5432)
        self.assertRegex(host, r"^127\.")
        self.assertEqual(port, 5432)
        with mock.patch("adapter.db_process._free", side_effect=lambda host, port: host == "127.0.0.1"):
            host, port = db_process.free_address(5432)
        self.assertEqual(host, "127.0.0.1")
        self.assertIn(port, range(20000, 32001))


if __name__ == "__main__":
    unittest.main()
