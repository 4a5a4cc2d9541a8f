"""Runs a command on a terminal of its own, sends it a signal at its question, and says how it ended.
usage: terminal.py SIGNAL COMMAND…"""

import json
import os
import pty
import signal
import sys

number = getattr(signal, sys.argv[1])
signal.alarm(120)  # a command that doesn't end is a failure, not a test that hangs
pid, terminal = pty.fork()
if pid == 0:
    os.execv(sys.argv[2], sys.argv[2:])
said = b""
sent = False
while True:
    try:
        more = os.read(terminal, 65536)
    except OSError:  # its end
        break
    if not more:
        break
    said += more
    if not sent and b"to go on:" in said:
        os.kill(pid, number)
        sent = True
_, status = os.waitpid(pid, 0)
print(json.dumps({"code": os.waitstatus_to_exitcode(status), "said": said.decode(errors="replace"), "asked": sent}))
