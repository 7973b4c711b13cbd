"""What ends `python -m serving serve`."""

from __future__ import annotations

import subprocess
import sys

SCRIPT = """
import os, signal, threading, time
from serving.serve_command import wait_awake

stop = threading.Event()
signal.signal(signal.SIGTERM, lambda *_: stop.set())
taker = threading.Thread(target=time.sleep, args=(60,), daemon=True)
taker.start()
signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})  # so that the system hands it to the other thread
threading.Timer(1, os.kill, (os.getpid(), signal.SIGTERM)).start()
wait_awake(stop)
print("awake")
"""


def test_a_signal_that_another_thread_takes_ends_the_wait():
    done = subprocess.run([sys.executable, "-c", SCRIPT], capture_output=True, text=True, timeout=30)
    assert done.stdout.strip() == "awake", done.stderr
