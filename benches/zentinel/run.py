"""Measures the three agents with the same client and prints a table with ratios.

    run.py CLIENT ZENTINELLE [SECONDS]

CLIENT is the load client, ZENTINELLE the command. `zentinel_agent_sdk` must be importable. Rounds
take turns, so that a busy moment of the machine hits all agents alike; the median round counts.
"""

import json
import os
import pathlib
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).parent
ROUNDS = 3


def agents(zentinelle: str, folder: pathlib.Path) -> dict[str, list[str]]:
    policies = folder / "policies.yaml"
    policies.write_text(
        "policies:\n  - name: no shells\n    type: tool_permission\n    config: { denied_tools: [shell] }\n"
    )
    return {
        "asyncio, by hand": [sys.executable, str(HERE / "plain_agent.py"), "--socket"],
        "zentinel_agent_sdk": [sys.executable, str(HERE / "sdk_agent.py"), "--log-level", "ERROR", "--socket"],
        "zentinelle zentinel-agent": [
            *(zentinelle, "zentinel-agent", "--no-policy", "permit", "--log-level", "error"),
            *("--policies", str(policies), "--socket"),
        ],
    }


def processor_seconds(pid: int) -> float:
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def measure(client: str, command: list[str], path: pathlib.Path, connections: int, seconds: int) -> dict[str, float]:
    agent = subprocess.Popen([*command, str(path)])
    try:
        for _ in range(200):
            with socket.socket(socket.AF_UNIX) as probe:
                if probe.connect_ex(str(path)) == 0:
                    break
            time.sleep(0.05)
        before = processor_seconds(agent.pid)
        output = subprocess.run(
            [client, str(path), str(connections), str(seconds)], check=True, capture_output=True, text=True
        )
        found: dict[str, float] = json.loads(output.stdout)
        found["processor_us"] = (processor_seconds(agent.pid) - before) * 1e6 / found["asked"]
        return found
    finally:
        agent.send_signal(signal.SIGTERM)
        agent.wait(15)


def main() -> None:
    client, zentinelle = sys.argv[1:3]
    seconds = int(sys.argv[3]) if len(sys.argv) > 3 else 3
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        kinds = agents(zentinelle, folder)
        for connections in (1, 16):
            rounds: dict[str, list[dict[str, float]]] = {kind: [] for kind in kinds}
            for turn in range(ROUNDS):
                for number, (kind, command) in enumerate(kinds.items()):
                    path = folder / f"{connections}-{turn}-{number}.sock"
                    rounds[kind].append(measure(client, command, path, connections, seconds))
            middle = {
                kind: {key: statistics.median(found[key] for found in all_) for key in all_[0]}
                for kind, all_ in rounds.items()
            }
            base = middle["asyncio, by hand"]
            print(f"\n{connections} connection(s), load average {os.getloadavg()[0]:.1f}\n")
            print("| agent | p50 µs | p99 µs | requests/s | processor µs | p50 ratio | requests/s ratio |")
            print("| --- | --- | --- | --- | --- | --- | --- |")
            for kind, found in middle.items():
                print(
                    f"| {kind} | {found['p50_us']:.0f} | {found['p99_us']:.0f} | {found['requests_per_second']:.0f}"
                    f" | {found['processor_us']:.1f} | {found['p50_us'] / base['p50_us']:.2f}"
                    f" | {found['requests_per_second'] / base['requests_per_second']:.2f} |"
                )


main()
