"""The native part, which lives in the module of the engine."""

from zentinelle_agent._native import ZentinelAgent, ZentinelConnection, ZentinelHead, __version__

__all__ = ["ZentinelAgent", "ZentinelConnection", "ZentinelHead", "__version__"]
