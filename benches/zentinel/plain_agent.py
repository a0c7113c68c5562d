"""What one writes by hand: an asyncio server that speaks the protocol and allows everything."""

import asyncio
import json
import struct
import sys

CAPABILITIES = {
    "agent_id": "plain",
    "name": "plain",
    "version": "1",
    "supported_events": [1],
    "features": {
        "streaming_body": True,
        "websocket": False,
        "guardrails": False,
        "config_push": False,
        "metrics_export": False,
        "concurrent_requests": 100,
        "cancellation": False,
        "flow_control": False,
        "health_reporting": False,
    },
    "limits": {"max_body_size": 1 << 20, "max_concurrency": 100, "preferred_chunk_size": 65536},
}


async def on_request(event):
    return {"version": 2, "decision": "allow", "audit": {}}


async def serve(reader, writer):
    async def send(kind, message):
        payload = json.dumps(message).encode()
        writer.write(struct.pack(">IB", len(payload) + 1, kind) + payload)
        await writer.drain()

    try:
        while True:
            length, kind = struct.unpack(">IB", await reader.readexactly(5))
            event = json.loads(await reader.readexactly(length - 1))
            if kind == 0x01:
                await send(0x02, {"protocol_version": 2, "capabilities": CAPABILITIES, "success": True, "encoding": "json"})
            else:
                answer = await on_request(event)
                answer["audit"]["custom"] = {"correlation_id": event["correlation_id"]}
                await send(0x20, answer)
    except asyncio.IncompleteReadError:
        writer.close()


async def main():
    server = await asyncio.start_unix_server(serve, sys.argv[2])
    await server.serve_forever()


asyncio.run(main())
