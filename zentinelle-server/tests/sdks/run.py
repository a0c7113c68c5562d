#!/usr/bin/env python3
"""Runs the official clients of the model providers, straight against the mock and through the server.

    run.py MOCK SERVER WORK [pytest|node ...]

MOCK is the built `mock_upstream`, SERVER the built `zentinelle` (or `-` for the mock alone), WORK a
folder for what the server keeps. Both run on free ports and are stopped at the end. What the clients
need to know stands in WORK/run.json, whose path is in SDKS_RUN.
"""

import json
import os
import pathlib
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request

HERE = pathlib.Path(__file__).resolve().parent
AGENTS = ["plain", "masked", "cut", "tools", "models", "rated", "poor", "guarded"]
UPSTREAM_KEYS = {"openai": "sk-upstream-openai", "anthropic": "sk-ant-upstream", "google": "AIzaUpstream"}


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def start_mock(program):
    process = subprocess.Popen([program], stdout=subprocess.PIPE, text=True)
    return process, process.stdout.readline().strip()


def config(mock):
    """The server's configuration: each provider is the mock, which lies in a private network."""
    names = {name: {"base_url": mock, "api_key": key, "private": True} for name, key in UPSTREAM_KEYS.items()}
    others = {
        "groq": {"kind": "openai_compatible", "base_url": f"{mock}/v1", "api_key": "gsk-upstream", "private": True},
        "nowhere": {"kind": "openai_compatible", "base_url": f"http://127.0.0.1:{free_port()}", "api_key": "x", "private": True},
        "unkeyed": {"kind": "openai_compatible", "base_url": mock, "private": True},
    }
    return {"proxy": {"upstreams": names | others}, "throttle": {"enabled": False}}


def start_server(program, work, mock):
    (work / "zentinelle.yaml").write_text(json.dumps(config(mock), indent=2))  # JSON is YAML
    keys = {}
    for kind in ("operator", "enrolment"):
        command = [program, "key", "create", "--kind", kind, "--label", "sdks", "--format", "json",
                   "--data-dir", str(work / "data")]
        made = subprocess.run(command + (["--role", "admin"] if kind == "operator" else []), cwd=work, text=True,
                              stdout=subprocess.PIPE, check=True)
        keys[kind] = json.loads(made.stdout)["api_key"]
    url = f"http://127.0.0.1:{free_port()}"
    command = [program, "serve", "--listen", url.removeprefix("http://"), "--data-dir", str(work / "data")]
    process = subprocess.Popen(command, cwd=work, stdout=open(work / "server.log", "w"), stderr=subprocess.STDOUT)
    for _ in range(600):
        try:
            urllib.request.urlopen(f"{url}/ready", timeout=2)
            break
        except OSError:
            if process.poll() is not None:
                sys.exit(f"the server ended: see {work}/server.log")
            time.sleep(0.05)
    agents = {}
    for name in AGENTS:
        body = {"agent_type": "custom", "agent_id": name}
        agents[name] = post(f"{url}/api/zentinelle/v1/register", keys["enrolment"], body)["api_key"]
    # Models of compatible upstreams have no price of their own: they are charged as the dearest.
    post(f"{url}/api/zentinelle/v1/settings", keys["operator"], {"proxy": {"unpriced_model": "permit"}}, "PATCH")
    post(f"{url}/api/zentinelle/v1/policies/import", keys["operator"], {"documents": (HERE / "policies.yaml").read_text()})
    return process, url, keys["operator"], agents


def post(url, key, body, method="POST"):
    headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
    request = urllib.request.Request(url, json.dumps(body).encode(), headers, method=method)
    try:
        with urllib.request.urlopen(request, timeout=20) as answer:
            return json.load(answer)
    except urllib.error.HTTPError as error:
        sys.exit(f"{url}: {error.code} {error.read().decode()}")


def main():
    mock_program, server_program, work, runners = sys.argv[1], sys.argv[2], pathlib.Path(sys.argv[3]).resolve(), sys.argv[4:]
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    processes = []
    failed = 0
    try:
        mock, mock_url = start_mock(mock_program)
        processes.append(mock)
        run = {"mock": mock_url, "server": None, "upstream_keys": UPSTREAM_KEYS}
        if server_program != "-":
            server, url, operator, agents = start_server(str(pathlib.Path(server_program).resolve()), work, mock_url)
            processes.append(server)
            run |= {"server": url, "operator": operator, "agents": agents}
        (work / "run.json").write_text(json.dumps(run, indent=2))
        environment = os.environ | {"SDKS_RUN": str(work / "run.json")}
        if "pytest" in runners:
            command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:warnings", str(HERE / "python")]
            failed += subprocess.run(command, env=environment).returncode != 0
        if "node" in runners:
            tests = sorted(str(path) for path in (HERE / "node").glob("*.test.js"))
            command = ["node", "--test", "--test-reporter=spec", *tests]
            ran = subprocess.run(command, cwd=HERE / "node", env=environment, text=True, stdout=subprocess.PIPE,
                                 stderr=subprocess.STDOUT)
            failed += ran.returncode != 0
            # One line a test is too many when all is well.
            lines = [line for line in ran.stdout.splitlines() if line.startswith("\u2139")]
            print(ran.stdout if ran.returncode else "node: " + ", ".join(line[2:] for line in lines), flush=True)
    finally:
        for process in processes:
            process.terminate()
        for process in processes:
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
