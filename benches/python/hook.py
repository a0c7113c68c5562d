"""Measures the hook as a coding agent feels it: from process start to its end.

hook.py PROGRAM
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
RUNS = 200


def main() -> None:
    """Prints a table."""
    program = sys.argv[1]
    pack = ROOT / "examples" / "policies" / "coding-agent.yaml"
    lines = (ROOT / "examples" / "requests" / "claude-code-session.jsonl").read_text().splitlines()
    calls = [line for line in lines if json.loads(line)["hook_event_name"] == "PreToolUse"]
    with tempfile.TemporaryDirectory() as folder:
        small = Path(folder) / "small.yaml"
        small.write_text("policies: [{name: a, type: tool_permission, config: {denied_tools: [shell]}}]\n")
        print(f"\n| hook, {RUNS} runs | p50 ms | p99 ms | processor ms |\n|---|---|---|---|")
        for name, command, events in [
            ("a process that does nothing (`true`)", ["true"], calls),
            ("one policy", [program, "claude-code", "--policies", str(small)], calls),
            (
                "the coding pack, tool calls of a session in turn",
                [program, "claude-code", "--policies", str(pack)],
                calls,
            ),
        ]:
            if command[0] == program:
                command = [*command, "--state", os.path.join(folder, "state.json")]
            taken = []
            before = resource.getrusage(resource.RUSAGE_CHILDREN)
            for number in range(RUNS):
                event = events[number % len(events)].encode()
                started = time.perf_counter()
                ran = subprocess.run(command, input=event, capture_output=True)
                taken.append((time.perf_counter() - started) * 1000)
                assert ran.returncode == 0, ran.stderr
            after = resource.getrusage(resource.RUSAGE_CHILDREN)
            used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
            taken.sort()
            median, late = taken[RUNS // 2], taken[int(RUNS * 0.99)]
            print(f"| {name} | {median:.1f} | {late:.1f} | {used / RUNS * 1000:.1f} |", flush=True)


if __name__ == "__main__":
    main()
