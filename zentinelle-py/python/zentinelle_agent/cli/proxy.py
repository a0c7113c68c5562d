"""A proxy on this machine that sends model calls through the server, with the key added.

The program that calls the model keeps its own provider key; only the server's key is added.
Bodies pass as they come, compressed or not, piece by piece; calls run beside each other.
"""

from __future__ import annotations

import socket
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx

from ..client.wire import Settings

#: Headers of one connection, which a proxy must not hand on.
HOP_BY_HOP = frozenset(
    {
        "connection",
        "host",
        "keep-alive",
        "proxy-authenticate",
        "proxy-authorization",
        "proxy-connection",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    }
)
LARGEST_BODY = 64 * 1024 * 1024


class Server(ThreadingHTTPServer):
    """The proxy's listening side."""

    daemon_threads = True

    def __init__(self, address: tuple[str, int], endpoint: str, key: str, provider: str) -> None:
        self.settings = Settings(endpoint, key)
        self.base = f"{self.settings.endpoint}/proxy/{provider}"
        self.address_family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
        timeout = httpx.Timeout(300.0, connect=10.0)
        # Redirects are not followed: they would carry keys elsewhere.
        self.http = httpx.Client(timeout=timeout, follow_redirects=False, trust_env=False)
        super().__init__(address, Handler)

    def server_close(self) -> None:
        """Closes connections on both sides."""
        super().server_close()
        self.http.close()


class Handler(BaseHTTPRequestHandler):
    """One connection of a program on this machine."""

    protocol_version = "HTTP/1.1"
    server: Server

    def handle_any(self) -> None:
        """Hands one call on and streams the answer back."""
        length = int(self.headers.get("Content-Length") or 0)
        if self.headers.get("Transfer-Encoding"):
            return self._refuse(411, "length_required", "send the body with a Content-Length")
        if length > LARGEST_BODY:
            return self._refuse(413, "body_too_large", f"a body has at most {LARGEST_BODY} bytes")
        body = self.rfile.read(length) if length else None
        headers = [(name, value) for name, value in self.headers.items() if name.lower() not in HOP_BY_HOP]
        headers = [pair for pair in headers if pair[0].lower() != "x-zentinelle-key"]
        headers.append(("X-Zentinelle-Key", self.server.settings.key))
        request = self.server.http.build_request(
            self.command, self.server.base + self.path, content=body, headers=httpx.Headers(headers)
        )
        try:
            answer = self.server.http.send(request, stream=True)
        except httpx.TimeoutException:
            return self._refuse(504, "timeout", "the server did not answer in time")
        except httpx.HTTPError:
            return self._refuse(502, "unreachable", "the server could not be reached")
        try:
            self._stream(answer)
        except (httpx.HTTPError, OSError):
            # Cut off: the reader must not take what came for the whole.
            self.close_connection = True
        finally:
            answer.close()

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do_HEAD = do_OPTIONS = handle_any

    def _stream(self, answer: httpx.Response) -> None:
        self.send_response_only(answer.status_code)
        sized = "content-length" in answer.headers
        for name, value in answer.headers.multi_items():
            if name.lower() not in HOP_BY_HOP:
                self.send_header(name, value)
        empty = self.command == "HEAD" or answer.status_code in (204, 304)
        if not sized and not empty:
            self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        if empty:
            return
        for piece in answer.iter_raw():
            self.wfile.write(piece if sized else b"%x\r\n%b\r\n" % (len(piece), piece))
            self.wfile.flush()
        if not sized:
            self.wfile.write(b"0\r\n\r\n")

    def _refuse(self, status: int, code: str, detail: str) -> None:
        body = b'{"error":"%b","detail":"%b"}' % (code.encode(), detail.encode())
        self.send_response_only(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(body)
        self.close_connection = True

    def log_message(self, format: str, *args: object) -> None:
        """Says nothing: paths may hold names of models and files."""


def serve(endpoint: str, key: str, provider: str, host: str, port: int) -> None:
    """Listens until it is stopped."""
    server = Server((host, port), endpoint, key, provider)
    name = {"anthropic": "ANTHROPIC_BASE_URL", "openai": "OPENAI_BASE_URL", "google": "GOOGLE_GEMINI_BASE_URL"}[
        provider
    ]
    print(f"listening; set {name}=http://{host}:{server.server_address[1]}", file=sys.stderr, flush=True)
    try:
        server.serve_forever()
    finally:
        server.server_close()
