"""Every Python block of the README runs, in order, as a reader would paste it."""

from __future__ import annotations

import os
import re
import uuid
from pathlib import Path
from typing import Any

import pytest
from conftest import Running

README = Path(__file__).parents[1] / "README.md"
BLOCK = re.compile(r"^```(python[^\n]*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def blocks() -> list[tuple[str, str, int]]:
    text = README.read_text(encoding="utf-8")
    return [(match[1], match[2], text.count("\n", 0, match.start(2))) for match in BLOCK.finditer(text)]


def run(kind: str) -> int:
    scope: dict[str, Any] = {"__name__": "readme"}
    ran = 0
    for fence, code, line in blocks():
        if fence == kind:
            exec(compile("\n" * line + code, str(README), "exec"), scope)
            ran += 1
    return ran


def test_every_block_runs() -> None:
    assert run("python") >= 6


@pytest.mark.skipif(
    "ZENTINELLE_TEST_REDIS_URL" not in os.environ, reason="no Redis is named in ZENTINELLE_TEST_REDIS_URL"
)
def test_the_block_about_redis_runs_against_one(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("redis")
    monkeypatch.setenv("REDIS_URL", os.environ["ZENTINELLE_TEST_REDIS_URL"])
    monkeypatch.setenv("PREFIX", f"test-{uuid.uuid4().hex}")
    assert run("python redis") == 1


def test_the_blocks_about_a_server_run_against_one(server: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ENDPOINT", server.url)
    monkeypatch.setenv("AGENT_KEY", server.agent)
    assert run("python server") == 1
