"""Speed where it is promised, with room for a busy machine: the bench states the figures."""

from __future__ import annotations

import time

from zentinelle_agent import Engine


def test_a_decision_with_its_conversion_takes_microseconds() -> None:
    policy = {"name": "tools", "type": "tool_permission", "config": {"denied_tools": ["shell"]}}
    engine = Engine.from_policies(
        [{**policy, "name": f"tools-{n}", "scope": f"endpoint:a{n}"} for n in range(9)] + [policy]
    )
    facts = {f"key_{n}": n for n in range(10)}
    taken = []
    for _ in range(2000):
        started = time.perf_counter_ns()
        engine.decide(tool="search", user="u", context=facts)
        taken.append(time.perf_counter_ns() - started)
    assert sorted(taken)[1000] < 50_000
