"""A database server's process: who it runs as, where it listens, and that it never outlives the sandbox."""

import os
import random
import shutil
import socket
import subprocess
from pathlib import Path

# The server's keeper. It waits for a word on its standard input, which the sandbox holds open: a signal's name is
# passed on. When the sandbox is gone (however it went: the kernel closes the pipe), the server is ended by $1 and
# its folder ($2) goes.
_KEEPER = """
last=$1 folder=$2; shift 2
exec 3<&0
"$@" </dev/null 3<&- &
server=$!
(
  if read -r word <&3; then kill -s "$word" $server 2>/dev/null; exit 0; fi
  kill -s "$last" $server 2>/dev/null; exit 3
) &
reader=$!
wait $server; code=$?
kill $reader 2>/dev/null
wait $reader
if [ $? = 3 ]; then rm -rf "$folder"; rmdir "${folder%/*}" 2>/dev/null; fi
exit $code
"""


class Process:
    """A running server."""

    def __init__(self, command: list[str], user: str, folder: Path, log: Path, last: str) -> None:
        # Neither the home folder nor the certificates of whoever started the sandbox.
        environment = {"PATH": os.environ.get("PATH", os.defpath), "HOME": str(folder), "LC_ALL": "C"}
        with log.open("ab") as output:
            # A session of its own: what is sent to the sandbox's process group must not reach the server first.
            self._keeper = subprocess.Popen(
                ["sh", "-c", _KEEPER, "keeper", last, str(folder), *as_user(user, command)],
                stdin=subprocess.PIPE, stdout=output, stderr=output, start_new_session=True, cwd="/",
                env=environment,
            )

    def alive(self) -> bool:
        return self._keeper.poll() is None

    def end(self, signal: str, seconds: float = 30) -> None:
        """Sends the signal and waits until the server is gone."""
        if self.alive():
            try:
                self._keeper.stdin.write(f"{signal}\n".encode())
                self._keeper.stdin.flush()
            except (BrokenPipeError, ValueError):
                pass  # it has just ended, or is being ended
        try:
            self._keeper.wait(seconds)
        except subprocess.TimeoutExpired:
            os.killpg(self._keeper.pid, 9)
            self._keeper.wait()
        self._keeper.stdin.close()


def as_user(user: str, command: list[str]) -> list[str]:
    """The command, run by that user if this process is root's: database servers refuse to run as root."""
    if os.geteuid() != 0:
        return command
    if shutil.which("setpriv"):
        return ["setpriv", f"--reuid={user}", f"--regid={user}", "--init-groups", "--", *command]
    return ["runuser", "-u", user, "--", *command]


def own(path: Path, user: str) -> None:
    """Gives a file or folder to the server's user."""
    if os.geteuid() == 0:
        shutil.chown(path, user, user)


def free_address(port: int) -> tuple[str, int]:
    """A loopback address where `port` is free; where the system has only 127.0.0.1, another port there.

    Linux has all of 127.0.0.0/8. With an address of its own each server keeps the port that was asked for.
    """
    for _ in range(20):
        host = f"127.{random.randint(64, 127)}.{random.randint(0, 255)}.{random.randint(1, 254)}"
        if _free(host, port):
            return host, port
    # Below the ports that outgoing connections take, so that a restarted server gets its own again.
    for _ in range(100):
        port = random.randint(20000, 32000)
        if _free("127.0.0.1", port):
            return "127.0.0.1", port
    raise RuntimeError("no loopback port is free for a database server")


def _free(host: str, port: int) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True


def data_root(home: Path) -> Path:
    """The folder for the servers' data: in the sandbox's home, where the servers' user can reach it.

    Root's home folder is closed to that user: then it is a folder in /var/tmp, and `home/databases` a link to it.
    """
    clear(home)
    link, folders = home / "databases", [home.resolve(), *home.resolve().parents]
    if os.geteuid() != 0 or all(folder.stat().st_mode & 0o001 for folder in folders):
        root = link
        root.mkdir()
    else:
        root = Path("/var/tmp") / f"migrate-sandbox-{os.getpid()}-{random.randrange(16**6):06x}"
        root.mkdir()
        link.symlink_to(root)
    root.chmod(0o711)
    return root.resolve()


def discard(folder: Path) -> None:
    """Removes a folder in the background: with a server's data that can take seconds."""
    if folder.exists():
        gone = folder.rename(folder.with_name(f"gone-{folder.name}-{os.getpid()}-{random.randrange(16**6):06x}"))
        subprocess.Popen(["rm", "-rf", str(gone)], start_new_session=True, cwd="/")


def leave(home: Path) -> None:
    """Removes the servers' folder when the sandbox ends."""
    link = home / "databases"
    root = link.resolve()
    if link.is_symlink():
        link.unlink()
    discard(root)


def clear(home: Path) -> None:
    """Removes what a sandbox in this home has left."""
    link = home / "databases"
    if link.is_symlink():
        shutil.rmtree(link.resolve(), ignore_errors=True)
        link.unlink()
    shutil.rmtree(link, ignore_errors=True)
