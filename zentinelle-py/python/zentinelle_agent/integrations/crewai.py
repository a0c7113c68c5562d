"""CrewAI: tools that ask before they run.

agent = Agent(role="desk", goal="...", backstory="...", tools=guard_tools([search, refund], engine))
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from crewai.tools import BaseTool
from pydantic import PrivateAttr

from ..guarding import Decider
from .asking import decide, decide_async, told

SOURCE = "crewai"


class _Guarded(BaseTool):
    _tool: BaseTool = PrivateAttr()
    _engine: Decider | None = PrivateAttr(default=None)

    def _run(self, *args: Any, **kwargs: Any) -> Any:
        decision = decide(self._engine, self.name, kwargs or list(args), SOURCE)
        return self._tool.run(*args, **kwargs) if decision else told(decision)

    async def _arun(self, *args: Any, **kwargs: Any) -> Any:
        decision = await decide_async(self._engine, self.name, kwargs or list(args), SOURCE)
        return await self._tool.arun(*args, **kwargs) if decision else told(decision)


def guard_tools(tools: Sequence[BaseTool], engine: Decider | None = None) -> list[BaseTool]:
    """The same tools, made to ask before they run; a denied call returns the reason, which the model reads.

    Raises:
        TypeError: For a tool that cannot be guarded; nothing passes unguarded in silence.
    """
    guarded: list[BaseTool] = []
    for tool in tools:
        if not isinstance(tool, BaseTool):
            raise TypeError(f"`{type(tool).__name__}` is no tool that can be guarded here")
        # Denied calls are not remembered: what is denied now may be permitted later.
        asking = _Guarded(
            name=tool.name,
            description=tool.description,
            args_schema=tool.args_schema,
            result_as_answer=tool.result_as_answer,
            cache_function=lambda *_: False,
        )
        asking._tool, asking._engine = tool, engine
        guarded.append(asking)
    return guarded
