"""The same agent, by the SDK."""

from zentinel_agent_sdk import Agent, Decision, Request, run_agent


class Trivial(Agent):
    @property
    def name(self) -> str:
        return "trivial"

    async def on_request(self, request: Request) -> Decision:
        return Decision.allow()


if __name__ == "__main__":
    run_agent(Trivial())
