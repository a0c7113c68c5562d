"""Measures the Python package beside others, in one run, and prints one table.

Every contestant answers the same questions alike before it is timed. Policies are parsed once
and reused, for everybody. Medians over single calls; the timer's own cost is taken off.

    scripts/bench-python.sh
"""

from __future__ import annotations

import importlib.metadata
import json
import os
import platform
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import zentinelle_agent
from zentinelle_agent import Agent, Engine, Scanner

HERE = Path(__file__).resolve().parent
DENIED = ["shell_execute", "code_execute", "file_delete", "database_write", "payments_transfer", "user_delete"]
TOOLS = [
    "crm_search",
    "ticket_read",
    "ticket_reply",
    "knowledge_search",
    "http_get",
    "calendar_read",
    "file_read",
    "file_write",
    "mail_send",
    "shell_execute",
    "database_read",
    "database_write",
]
AGENTS = 9

#: Ten keys, as a host usually knows them.
TEN_KEYS = {
    "tool_name": "http_get",
    "tool_args": {"url": "https://api.example.com/v1/orders/7781", "path": "/srv/support/faq.md"},
    "model": "claude-sonnet-5",
    "input_tokens": 2100,
    "output_tokens": 350,
    "estimated_cost_usd": 0.012,
    "datasource": "tickets-eu",
    "data_type": "internal",
    "data_encrypted": True,
    "session_id": "s-20260304-17",
}
NOW = "2026-03-04T10:15:00Z"


def percentiles(call: Callable[[], Any], times: int) -> tuple[float, float]:
    """Median and 99th percentile of single calls. Unit: microseconds.

    Calls that take longer than a tenth of a millisecond are measured in processor time, so that
    other work on the machine, which interrupts long calls far more often than short ones, does
    not count.
    """
    for _ in range(times // 10 + 1):
        call()
    started = time.thread_time_ns()
    for _ in range(5):
        call()
    clock = time.thread_time_ns if time.thread_time_ns() - started > 500_000 else time.perf_counter_ns
    taken, empty = [], []
    for _ in range(times):
        before = clock()
        call()
        taken.append(clock() - before)
        before = clock()
        empty.append(clock() - before)
    taken.sort()
    empty.sort()
    floor = empty[times // 2]
    return (taken[times // 2] - floor) / 1000, (taken[int(times * 0.99)] - floor) / 1000


def row(name: str, call: Callable[[], Any], times: int = 20_000, beside: float | None = None) -> float:
    """Measures and prints one line of the table."""
    median, late = percentiles(call, times)
    ratio = "" if beside is None or beside <= 0 else f"{median / beside:.1f} x"
    print(f"| {name} | {median:.2f} | {late:.2f} | {ratio} |", flush=True)
    return median


def allowed(agent: int) -> list[str]:
    """The tools an agent may call, as its rule lists them."""
    return [TOOLS[(agent + step) % len(TOOLS)] for step in range(8)]


def questions() -> Iterator[tuple[str, str, bool]]:
    """Every agent asking for every tool, and whether it may."""
    for agent in range(AGENTS):
        for tool in TOOLS:
            yield f"agent-{agent}", tool, tool in allowed(agent) and tool not in DENIED


def checked(name: str, ask: Callable[[str, str], bool]) -> Callable[[], Any]:
    """One question a call, round and round, after all were answered as they should be."""
    asked = list(questions())
    for agent, tool, expected in asked:
        assert ask(agent, tool) == expected, f"{name}: may {agent} call {tool}?"
    place = 0

    def call() -> bool:
        nonlocal place
        agent, tool, _ = asked[place]
        place = (place + 1) % len(asked)
        return ask(agent, tool)

    return call


def decisions() -> None:
    """What one decision costs, and what of it is calling, converting and deciding."""
    import yaml  # the bench's own policies

    policies = yaml.safe_load((HERE.parent / "policies.yaml").read_text())["policies"]
    ten = Engine.from_policies(policies[:10], agent="support-1")
    none = Engine.from_policies([], no_policy="permit")
    decision = ten.decide("tool_call", user="user-7", context=TEN_KEYS, now=NOW)
    assert decision.allowed and len(decision.policies_evaluated) == 10, decision.explain()
    print("\n| one call | p50 µs | p99 µs | |\n|---|---|---|---|")
    row("a call of a native method that does nothing (`bool(decision)`)", lambda: bool(decision))
    row("no policy, no context: call and request", lambda: none.decide("tool_call", user="user-7"))
    row(
        "no policy, 10 keys: the same and conversion", lambda: none.decide("tool_call", user="user-7", context=TEN_KEYS)
    )
    # With the time given: one of the ten looks at the day of the week.
    row("**10 effective policies, 10 keys**", lambda: ten.decide("tool_call", user="user-7", context=TEN_KEYS, now=NOW))
    row("the same, and its whole document as JSON", lambda: ten.decide("a", context=TEN_KEYS, now=NOW).to_json())
    many = [{"action": "tool_call", "user": "user-7", "context": TEN_KEYS, "now": NOW}] * 100
    median, late = percentiles(lambda: ten.decide_many(many), 500)
    print(f"| `decide_many` of 100, for each | {median / 100:.2f} | {late / 100:.2f} | |")


def scenario() -> None:
    """The shared scenario: ten rules, which agent may call which tool."""
    floor = {"name": "denied", "type": "tool_permission", "inheritance": "floor", "config": {"denied_tools": DENIED}}
    own = [
        {
            "name": f"agent-{n}",
            "type": "tool_permission",
            "scope": f"endpoint:agent-{n}",
            "config": {"allowed_tools": allowed(n)},
        }
        for n in range(AGENTS)
    ]
    engine = Engine.from_policies([floor, *own])
    agents = {f"agent-{n}": Agent(f"agent-{n}") for n in range(AGENTS)}

    def ours(agent: str, tool: str) -> bool:
        return bool(engine.decide(tool=tool, agent=agents[agent]))

    print("\n| which agent may call which tool | p50 µs | p99 µs | beside ours |\n|---|---|---|---|")
    base = row("**zentinelle-agent**, with reasons", checked("ours", ours))

    import cedarpy

    # A scope takes no list of resources, so one rule each, as Cedar's own documentation writes it.
    rules = [f"forbid(principal, action, resource == Tool::{json.dumps(tool)});" for tool in DENIED]
    for number in range(AGENTS):
        listed = ", ".join(f"Tool::{json.dumps(tool)}" for tool in allowed(number))
        rules.append(
            f'permit(principal == Agent::"agent-{number}", action, resource) when {{ [{listed}].contains(resource) }};'
        )
    policies = cedarpy.PolicySet.from_str("\n".join(rules))
    entities = cedarpy.Entities.from_json_str("[]")

    def cedar(agent: str, tool: str) -> bool:
        request = {
            "principal": f'Agent::"{agent}"',
            "action": 'Action::"call"',
            "resource": f'Tool::"{tool}"',
            "context": {},
        }
        return bool(cedarpy.is_authorized(request, policies, entities).allowed)

    row(f"cedarpy {version('cedarpy')}", checked("cedar", cedar), 2000, base)

    import casbin

    model = casbin.Model()
    model.load_model_from_text(
        "[request_definition]\nr = sub, obj\n[policy_definition]\np = sub, obj, eft\n"
        "[policy_effect]\ne = some(where (p.eft == allow)) && !some(where (p.eft == deny))\n"
        '[matchers]\nm = (p.sub == "*" || r.sub == p.sub) && r.obj == p.obj\n'
    )
    enforcer = casbin.Enforcer(model)
    enforcer.add_policies([["*", tool, "deny"] for tool in DENIED])
    enforcer.add_policies([[f"agent-{n}", tool, "allow"] for n in range(AGENTS) for tool in allowed(n)])
    row(f"pycasbin {version('pycasbin')}", checked("casbin", lambda a, t: bool(enforcer.enforce(a, t))), 2000, base)


def version(name: str) -> str:
    """The release that is measured."""
    return importlib.metadata.version(name)


def ten_kilobytes() -> str:
    """Prose of 10 KB with one thing of each kind in it, every two kilobytes."""
    prose = "The parcel left our warehouse on Monday and waits at the carrier's depot; it comes tomorrow before noon. "
    found = [
        "Write to jo.doe@example.com. ",
        "Card 4012 8888 8888 1881. ",
        'aws_key = "AKIAIOSFODNN7EXAMPLE"\n',
        "Call 212-555-0187. ",
    ]
    text = "".join(prose * 20 + one for one in found)
    return (text + prose * 100)[:10_240]


def scanning() -> None:
    """Scanners on one text of 10 KB."""
    text = ten_kilobytes()
    scanner = Scanner()
    kinds = {found.kind for found in scanner.scan(text)}
    assert {"email", "credit_card"} <= kinds, kinds
    print("\n| scanning 10 KB | p50 µs | p99 µs | beside ours |\n|---|---|---|---|")
    pii = Scanner(["pii"])
    row("**zentinelle-agent**, secrets, personal data, health, profanity", lambda: scanner.scan(text), 2000)
    pii_base = row("zentinelle-agent, personal data only", lambda: pii.scan(text), 2000)
    row("zentinelle-agent, prompt injection", lambda: scanner.judge(text, source="tool"), 2000)

    import tldextract
    from presidio_analyzer import predefined_recognizers as predefined

    # The list of suffixes that came with it: one that is fetched would be measured as a network.
    tldextract.extract = tldextract.TLDExtract(suffix_list_urls=())

    names = [
        "EmailRecognizer",
        "CreditCardRecognizer",
        "UsSsnRecognizer",
        "IpRecognizer",
        "IbanRecognizer",
        "PhoneRecognizer",
    ]
    recognizers = [getattr(predefined, name)() for name in names]

    def presidio() -> set[str]:
        return {
            found.entity_type
            for one in recognizers
            for found in one.analyze(text, one.supported_entities, nlp_artifacts=None)
        }

    assert {"EMAIL_ADDRESS", "CREDIT_CARD"} <= presidio()
    row(
        f"Presidio {version('presidio-analyzer')}, six regex recognisers, beside personal data only",
        presidio,
        20,
        pii_base,
    )

    from detect_secrets.core.scan import scan_line
    from detect_secrets.settings import default_settings

    secrets = Scanner(["secret"])
    secrets_base = percentiles(lambda: secrets.scan(text), 2000)[0]
    with default_settings():
        lines = text.splitlines()

        def detect() -> list[Any]:
            return [found for line in lines for found in scan_line(line)]

        assert detect()
        row(
            f"detect-secrets {version('detect-secrets')}, its default plugins, beside secrets only",
            detect,
            20,
            secrets_base,
        )


def main() -> None:
    """Prints the table."""
    load = os.getloadavg()[0]
    print(f"Python {platform.python_version()}, zentinelle-agent {zentinelle_agent.__version__}, {platform.machine()},")
    print(f"{os.cpu_count()} cores, load before the first bench {load:.1f}; beside other work figures are higher.")
    decisions()
    scenario()
    scanning()


if __name__ == "__main__":
    sys.exit(main())
