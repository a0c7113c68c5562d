"""The command `zentinelle-agent`: guards coding agents, checks, scans, signs in, and proxies."""

from .main import main

__all__ = ["main"]
