"""A real server of this workspace, for the tests that talk to one."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest


@dataclass
class Running:
    """A running server: its address, and the keys of its demonstration organisation."""

    program: str
    folder: Path
    url: str
    enrolment: str = ""
    agent: str = ""
    operator: str = ""
    process: subprocess.Popen[str] | None = None

    def start(self) -> None:
        """Starts it, again on the same data where it ran before."""
        # The server refuses settings it does not know, and ours are not its.
        environment = {name: value for name, value in os.environ.items() if not name.startswith("ZENTINELLE_")}
        environment |= {"ZENTINELLE_THROTTLE__ENABLED": "false", "NO_COLOR": "1"}
        command = [self.program, "serve", "--demo", "--listen", self.url.removeprefix("http://")]
        self.process = subprocess.Popen(
            [*command, "--data-dir", str(self.folder)],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            env=environment,
        )
        assert self.process.stdout is not None
        shown = ""
        if not self.operator:
            while "sk_platform_" not in shown:
                line = self.process.stdout.readline()
                assert line, f"the server ended before it showed its keys:\n{shown}"
                shown += line
            found = [re.search(kind + r"[A-Za-z0-9_-]{43}", shown) for kind in ("znt_", "sk_agent_", "sk_platform_")]
            self.enrolment, self.agent, self.operator = [match.group() if match else "" for match in found]
        for _ in range(400):
            try:
                with urllib.request.urlopen(f"{self.url}/health", timeout=1):
                    return
            except OSError:
                time.sleep(0.05)
        raise AssertionError("the server does not answer")

    def stop(self) -> None:
        """Stops it, as an operator would."""
        if self.process is not None:
            self.process.terminate()
            self.process.communicate(timeout=30)
            self.process = None


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """One server for all tests; a test that stops it starts it again."""
    program = os.environ.get("ZENTINELLE_SERVER")
    if not program:
        pytest.fail("ZENTINELLE_SERVER is not set: scripts/python.sh sets it")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}"
    running = Running(program, tmp_path_factory.mktemp("server"), url)
    running.start()
    yield running
    running.stop()
