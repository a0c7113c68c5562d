"""What every test of an official client needs: where to send calls, with which key, and what arrived."""

import json
import os
import time
import urllib.request
import uuid

import pytest

RUN = json.load(open(os.environ["SDKS_RUN"]))
SERVER = RUN["server"]

SECRET = "ghp_a8Fk2LmQ9xTz4RvB7nYc1WdE6sHj3UgP0oKq"
EMAIL = "grace.hopper@navy-example.org"
CLEAN = "The quick brown fox jumps over the lazy dog, and the mock upstream says hello."
PNG = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
# A client that hangs is a failed test: no call here takes longer.
PATIENCE = 10.0


class Via:
    """One way to the provider: straight to the mock, or through the server."""

    def __init__(self, name, prefix):
        self.name, self.prefix = name, prefix

    @property
    def governed(self):
        return self.name != "direct"

    def url(self, provider):
        base = SERVER if self.governed else RUN["mock"]
        return base + self.prefix.format(provider)

    def key(self, provider, agent="plain"):
        return RUN["agents"][agent] if self.governed else RUN["upstream_keys"][provider]


DIRECT = Via("direct", "")
BARE = Via("bare path", "")
PREFIXED = Via("/proxy path", "/proxy/{}")


def pytest_generate_tests(metafunc):
    if "via" in metafunc.fixturenames:
        ways = [DIRECT] + ([BARE, PREFIXED] if SERVER else [])
        metafunc.parametrize("via", ways, ids=[way.name for way in ways])


def pytest_collection_modifyitems(config, items):
    """Against the mock alone there are no policies to test."""
    if not SERVER:
        policies = [item for item in items if "governed" in item.fixturenames]
        config.hook.pytest_deselected(items=policies)
        items[:] = [item for item in items if item not in policies]


@pytest.fixture
def governed():
    """A test of policies."""
    return PREFIXED


@pytest.fixture
def mark():
    return f"m{uuid.uuid4().hex[:12]}"


def seen(mark):
    """What reached the provider under a mark."""
    with urllib.request.urlopen(f"{RUN['mock']}/__seen?mark={mark}", timeout=5) as answer:
        return json.load(answer)["exchanges"]


def only_credential_is_the_providers(mark, provider):
    """Exactly one credential arrived, and it was the provider's: ours never leaves."""
    exchanges = seen(mark)
    assert exchanges, "nothing reached the provider"
    for exchange in exchanges:
        assert exchange["credentials"] == [RUN["upstream_keys"][provider]]
        text = json.dumps(exchange)
        assert "sk_agent_" not in text and "zentinelle" not in text.lower(), exchange["headers"]


def ended(mark, how, within=5.0):
    """Waits until the provider's reply under a mark ended so."""
    deadline = time.monotonic() + within
    while time.monotonic() < deadline:
        found = [exchange["ended"] for exchange in seen(mark)]
        if found and found[-1] == how:
            return
        time.sleep(0.05)
    raise AssertionError(f"the reply ended as {found}, not as {how!r}")
