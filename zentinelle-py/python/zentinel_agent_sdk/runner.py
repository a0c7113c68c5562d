"""Running an agent: options, log, socket, and an end without loss."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import logging
import signal
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from . import _events, _socket
from ._native import ZentinelAgent, __version__
from ._uds import Connections, logger
from .agent import Agent
from .protocol import ConfigureEvent, RequestBodyChunkEvent, ResponseBodyChunkEvent, ResponseHeadersEvent
from .protocol import RequestHeadersEvent as _RequestHeadersEvent
from .request import Request
from .response import Response

#: How long an agent that was told to stop waits for answers it still owes. Unit: seconds.
_DRAIN = 10.0
LEVELS = ["DEBUG", "INFO", "WARNING", "ERROR"]


@dataclass
class RunnerConfig:
    """How an agent runs."""

    socket_path: Path = field(default_factory=lambda: Path("/tmp/zentinel-agent.sock"))
    name: str = "agent"
    json_logs: bool = False
    log_level: str = "INFO"
    #: Where to listen for gRPC as well, such as `127.0.0.1:50051`.
    grpc: str | None = None
    #: A policy document that is asked before the agent: what it refuses is refused.
    policies: Path | None = None
    #: Let pass what cannot be judged, instead of refusing it.
    fail_open: bool = False


class AgentRunner:
    """Runs an agent until it is told to stop.

    >>> runner = AgentRunner(MyAgent()).with_name("my-agent").with_socket("/tmp/my-agent.sock")
    >>> asyncio.run(runner.run())
    """

    def __init__(self, agent: Agent) -> None:
        self._agent = agent
        self._config = RunnerConfig(name=agent.name)

    def with_name(self, name: str) -> AgentRunner:
        """The name the proxy shows."""
        self._config.name = name
        return self

    def with_socket(self, path: Path | str) -> AgentRunner:
        """The socket to listen on."""
        self._config.socket_path = Path(path)
        return self

    def with_json_logs(self) -> AgentRunner:
        """One JSON object a line in the log."""
        self._config.json_logs = True
        return self

    def with_log_level(self, level: str) -> AgentRunner:
        """How much is logged: DEBUG, INFO, WARNING or ERROR."""
        self._config.log_level = level
        return self

    def with_grpc(self, address: str) -> AgentRunner:
        """Where to listen for gRPC as well. It is plain text."""
        self._config.grpc = address
        return self

    def with_policies(self, path: Path | str) -> AgentRunner:
        """A policy document that is asked before the agent."""
        self._config.policies = Path(path)
        return self

    def with_config(self, config: RunnerConfig) -> AgentRunner:
        """Everything at once."""
        self._config = config
        return self

    async def run(self) -> None:
        """Answers the proxy until SIGINT or SIGTERM, then finishes what was asked."""
        config = self._config
        _set_up_log(config)
        stop = asyncio.Event()
        loop = asyncio.get_running_loop()
        told = [number for number in (signal.SIGINT, signal.SIGTERM) if _heard(loop, number, stop)]
        try:
            await self._serve(config, stop)
        finally:
            for number in told:
                loop.remove_signal_handler(number)

    async def _serve(self, config: RunnerConfig, stop: asyncio.Event) -> None:
        policies = config.policies.read_text("utf-8") if config.policies else None
        name = str(config.policies) if config.policies else "policies"
        native = ZentinelAgent(
            config.name, __version__, fail_open=config.fail_open, policies=policies, policies_name=name
        )
        connections = Connections(self._agent, native)
        path = config.socket_path
        listener = _socket.bind(path)
        ours = _socket.identity(path)
        server = await asyncio.get_running_loop().create_unix_server(connections, sock=listener, backlog=128)
        streams: Any = None
        try:
            if config.grpc is not None:
                from . import _grpc

                streams = await _grpc.serve(config.grpc, connections)
            logger.info("agent `%s` listens on %s", config.name, path)
            await stop.wait()
            logger.info("told to stop: answering what was asked")
        finally:
            server.close()
            if _socket.identity(path) == ours:
                path.unlink(missing_ok=True)
            ending = [connections.drain(_DRAIN)]
            if streams is not None:
                ending.append(streams.stop(_DRAIN))
            await asyncio.gather(*ending)
            logger.info("stopped")


def _heard(loop: asyncio.AbstractEventLoop, number: int, stop: asyncio.Event) -> bool:
    """Whether a signal can be heard: only the main thread hears any."""
    with contextlib.suppress(NotImplementedError, RuntimeError, ValueError):
        loop.add_signal_handler(number, stop.set)
        return True
    return False


class _JsonLines(logging.Formatter):
    """One JSON object a line."""

    def __init__(self, agent: str) -> None:
        super().__init__()
        self._agent = agent

    def format(self, record: logging.LogRecord) -> str:
        line = {
            "timestamp": self.formatTime(record),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
            "agent": self._agent,
        }
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps(line)


def _set_up_log(config: RunnerConfig) -> None:
    handler = logging.StreamHandler()
    text = logging.Formatter(f"%(asctime)s [{config.name.replace('%', '%%')}] %(levelname)s: %(message)s")
    handler.setFormatter(_JsonLines(config.name) if config.json_logs else text)
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(config.log_level.upper())


class AgentHandler:
    """Feeds an agent with events as the first generation of the protocol wrote them. For tests."""

    def __init__(self, agent: Agent) -> None:
        self._agent = agent
        self._requests: dict[str, Request] = {}
        self._responses: dict[str, Response] = {}
        self._bodies: dict[tuple[str, str], bytes] = {}

    async def handle_event(self, event: dict[str, Any]) -> dict[str, Any]:
        """The answer to `{"event_type", "payload"}`."""
        kind, payload = event.get("event_type", ""), event.get("payload") or {}
        try:
            return await self._handle(kind, payload)
        except Exception as error:
            logger.exception("the handler of a %s event failed", kind)
            if kind == "configure":
                return {"success": False, "error": str(error)}
            return _failed()

    async def _handle(self, kind: str, payload: dict[str, Any]) -> dict[str, Any]:
        from .decision import Decision
        from .guardrail import GuardrailInspectEvent

        agent, found = self._agent, payload.get("correlation_id", "")
        if kind == "configure":
            await agent.on_configure(ConfigureEvent.from_dict(payload).config)
            return {"success": True}
        if kind == "request_headers":
            request = Request(_RequestHeadersEvent.from_dict(payload))
            self._requests[request.correlation_id] = request
            return (await agent.on_request(request)).build().to_dict()
        if kind == "guardrail_inspect":
            answer: dict[str, Any] = json.loads(
                _events.guardrail(await agent.on_guardrail_inspect(GuardrailInspectEvent.from_dict(payload)))
            )
            return answer
        request = self._requests.get(found) or Request(_RequestHeadersEvent.from_dict({}))
        if kind == "request_body_chunk":
            chunk = RequestBodyChunkEvent.from_dict(payload)
            body = self._join("request", chunk)
            if body is None:
                return Decision.allow().needs_more_data().build().to_dict()
            return (await agent.on_request_body(request.with_body(body))).build().to_dict()
        if kind == "response_headers":
            response = self._responses[found] = Response(ResponseHeadersEvent.from_dict(payload))
            return (await agent.on_response(request, response)).build().to_dict()
        if kind == "response_body_chunk":
            body = self._join("response", ResponseBodyChunkEvent.from_dict(payload))
            if body is None:
                return Decision.allow().needs_more_data().build().to_dict()
            response = self._responses.get(found) or Response(ResponseHeadersEvent(found, 200, {}))
            return (await agent.on_response_body(request, response.with_body(body))).build().to_dict()
        if kind == "request_complete":
            await agent.on_request_complete(request, payload.get("status", 0), payload.get("duration_ms", 0))
            self._requests.pop(found, None)
            self._responses.pop(found, None)
            return Decision.allow().build().to_dict()
        logger.warning("an event of unknown type was refused")
        return _failed()

    def _join(self, side: str, chunk: RequestBodyChunkEvent | ResponseBodyChunkEvent) -> bytes | None:
        key = (side, chunk.correlation_id)
        body = self._bodies.pop(key, b"") + chunk.data
        if chunk.is_last:
            return body
        self._bodies[key] = body
        return None


def _failed() -> dict[str, Any]:
    from .decision import Decision

    decision = Decision.block(503).with_body("no policy decision could be made")
    return decision.with_tag("zentinelle:failed-closed").build().to_dict()


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    """Reads the options of the command line."""
    parser = argparse.ArgumentParser(description="An agent of the Zentinel reverse proxy.")
    default = RunnerConfig()
    parser.add_argument("--socket", type=Path, default=default.socket_path, help="the socket to listen on")
    parser.add_argument("--grpc", metavar="ADDR", help="listen here as well, for gRPC in plain text")
    parser.add_argument("--policies", type=Path, metavar="FILE", help="policies that are asked before the agent")
    parser.add_argument("--fail-open", action="store_true", help="let pass what cannot be judged")
    parser.add_argument("--json-logs", action="store_true", help="one JSON object a line in the log")
    parser.add_argument("--log-level", default="INFO", choices=LEVELS, help="how much is logged")
    return parser.parse_args(argv)


def run_agent(agent: Agent) -> None:
    """Runs an agent with the options of the command line, and ends the process."""
    args = parse_args()
    config = RunnerConfig(
        socket_path=args.socket,
        name=agent.name,
        json_logs=args.json_logs,
        log_level=args.log_level,
        grpc=args.grpc,
        policies=args.policies,
        fail_open=args.fail_open,
    )
    with contextlib.suppress(KeyboardInterrupt):
        try:
            asyncio.run(AgentRunner(agent).with_config(config).run())
        except OSError as error:
            sys.exit(f"error: {error}")
    sys.exit(0)
