"""What PostgreSQL and MariaDB servers of the sandbox have in common: their life, and what status shows of them."""

import subprocess
import threading
import time
import traceback
from pathlib import Path
from typing import Any

from .db_process import Process, discard, own
from .db_tls import Authority

START_SECONDS = 60


class Server:
    """A database server on a loopback address. Its states: starting, ready, failed, down (status shows it as stopped; its
    data stays), stopped (for ever)."""

    engine, account_of = "", ""  # the engine's name, the system's user
    calm_signal, last_signal = "", ""  # those that end it in order, and at once

    def __init__(
        self, role: str, city: str, folder: Path, address: tuple[str, int], database: str, user: str, password: str,
        password_in: str | None,
    ) -> None:
        self.role, self.city, self.folder, (self.host, self.port) = role, city, folder, address
        self.database, self.user, self.password, self.password_in = database, user, password, password_in
        self.state, self.error, self.version = "starting", None, None
        self.aliases: list[str] = []
        self.machine: str | None = None  # the EC2 instance that it runs on
        self.data, self.log = folder / "data", folder / "log"
        self.process: Process | None = None
        self._turn = threading.RLock()  # one change of its life at a time

    def begin(self, authority: Authority) -> None:
        """Makes and starts it in the background."""
        self.folder.mkdir(mode=0o755)
        own(self.folder, self.account_of)
        self._background(lambda: self._first(authority))

    def restart(self, crash: bool) -> None:
        """Ends it, in order or like a machine that fails, and starts it again: in the background."""

        def again() -> None:
            if self.process:
                self.process.end(self.last_signal if crash else self.calm_signal)
            self.configure(rebooting=True)
            self.boot()
            self.booted()

        self._background(again)

    def halt(self) -> None:
        """Ends it like a machine that fails and stays away, until `restart`."""
        with self._turn:
            if self.state not in ("down", "stopped") and self.process:
                self.state = "down"
                self.process.end(self.last_signal)

    def stop(self) -> None:
        """Ends it at once, and its data goes."""
        self.state = "stopped"
        if self.process:
            self.process.end(self.last_signal)
        with self._turn:  # a start in the background notices and gives up
            if self.process:
                self.process.end(self.last_signal)
            discard(self.folder)

    def status(self) -> dict[str, Any]:
        return {
            "city": self.city, "role": self.role, "engine": self.engine, "version": self.version,
            "state": "stopped" if self.state == "down" else self.state, "error": self.error,
            "host": self.host, "port": self.port, "name": self.database, "user": self.user,
            "password_in": self.password_in, "log": str(self.log),
        }

    def boot(self) -> None:
        """Starts the process and waits until it answers."""
        self.process = Process(self.command(), self.account_of, self.folder, self.log, self.last_signal)
        end = time.monotonic() + START_SECONDS
        while not self.answers():
            if self.state == "stopped":
                return self.process.end(self.last_signal)
            if not self.process.alive() or time.monotonic() > end:
                self.process.end(self.last_signal)
                raise RuntimeError(f"{self.engine} didn't start; {self.log} ends with: {self._said()}")
            time.sleep(0.05)

    def _first(self, authority: Authority) -> None:
        certificate, key = authority.issue([*self.aliases, self.host, "127.0.0.1", "localhost"])
        for name, text in (("server.crt", certificate), ("server.key", key)):
            path = self.folder / name
            path.touch(mode=0o600)
            path.write_bytes(text)
            own(path, self.account_of)
        self.prepare()
        self.configure(rebooting=True)
        self.boot()
        if self.state != "stopped":
            self.fill()
            self.booted()

    def _background(self, work: Any) -> None:
        self.state = "starting"

        def run() -> None:
            with self._turn:
                if self.state == "stopped":
                    return
                try:
                    work()
                    if self.state != "stopped":
                        self.state = "ready"
                except Exception as error:  # the log has the trace, status the reason
                    if self.state != "stopped":
                        traceback.print_exc()
                        self.state, self.error = "failed", str(error)

        threading.Thread(target=run, daemon=True).start()

    def _said(self) -> str:
        text = self.log.read_text(errors="replace") if self.log.exists() else ""
        return " / ".join(text.strip().splitlines()[-5:])

    def run(self, command: list[str], **options: Any) -> str:
        """Runs a tool of the engine; its error is told in its own words."""
        done = subprocess.run(command, capture_output=True, text=True, **options)
        if done.returncode:
            raise RuntimeError(f"{Path(command[0]).name}: {(done.stderr or done.stdout).strip()}")
        return done.stdout

    # What the engine has to say.
    def prepare(self) -> None:
        """Makes the data folder."""
        raise NotImplementedError

    def configure(self, rebooting: bool) -> None:
        """Writes its configuration; unless it is rebooting, has it read."""
        raise NotImplementedError

    def command(self) -> list[str]:
        """The command line of the server."""
        raise NotImplementedError

    def answers(self) -> bool:
        """True if it lets somebody log in."""
        raise NotImplementedError

    def fill(self) -> None:
        """Once, when it answers for the first time: users, databases, data."""

    def booted(self) -> None:
        """Each time that it has started."""
