"""Runs `sslm-agent certificate` again and again, each time killed (SIGKILL) at a later step, then once undisturbed.

A step is a change of the disk (fsync, rename, symlink, unlink) or a request. Each line printed is the JSON of one kill.
Started as a process of its own by the test, because it forks.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from sslm_agent.cli import app
from sslm_agent.clock import SystemClock
from sslm_agent.transport import Transport

_STEPS = ("fsync", "rename", "symlink", "mkdir", "rmdir", "unlink", "replace")


def kill_after(step: int) -> None:
    """Make this process die just after its n-th step, before anything learns of it."""
    count = 0

    def counted(original: Callable[..., Any]) -> Callable[..., Any]:
        def call(*arguments: Any, **options: Any) -> Any:
            nonlocal count
            count += 1
            this = count
            try:
                return original(*arguments, **options)
            finally:
                if this == step:
                    os.kill(os.getpid(), signal.SIGKILL)

        return call

    for name in _STEPS:
        setattr(os, name, counted(getattr(os, name)))
    Transport.post = counted(Transport.post)  # type: ignore[method-assign]


def certificate(home: Path, webroot: Path, target: Path, prepare: Callable[[], None]) -> int:
    """Run the command in a child; return its wait status."""
    child = os.fork()
    if child:
        return os.waitpid(child, 0)[1]
    with Path(os.devnull).open("w") as nowhere:
        os.dup2(nowhere.fileno(), 1)
        os.dup2(nowhere.fileno(), 2)
    prepare()
    words = ["--home", str(home), "certificate", "example.com", "--webroot", str(webroot), "--acknowledge-notices"]
    try:
        app([*words, "--install-dir", str(target), "--reload-command", "true"])
    except SystemExit as end:
        os._exit(end.code if isinstance(end.code, int) else 1)
    os._exit(0)


def main() -> None:
    enrolled, work = Path(sys.argv[1]), Path(sys.argv[2])
    SystemClock.pause = lambda _clock, seconds: time.sleep(seconds / 100)  # type: ignore[method-assign]
    for step in range(1, 1000):
        folder = work / str(step)
        home, webroot, target = folder / "home", folder / "webroot", folder / "target"
        shutil.copytree(enrolled, home, symlinks=True)
        for made in (webroot, target):
            made.mkdir(mode=0o755)
        status = certificate(home, webroot, target, lambda step=step: kill_after(step))  # type: ignore[misc]
        killed = os.WIFSIGNALED(status)
        again = certificate(home, webroot, target, lambda: None)
        sys.stdout.write(json.dumps({"folder": str(folder), "killed": killed, "again": again}) + "\n")
        sys.stdout.flush()  # a forked child must not inherit it
        if not killed:
            break


main()
