#!/usr/bin/env bash
# The integrations of @zentinelle/agent against the real packages: Vercel AI SDK, OpenAI Agents, LangChain, MCP, Express,
# Hono; and @zentinelle/wasm under Deno and Bun and through esbuild, Vite and webpack. Installs them (several hundred
# megabytes), so it is not part of `make test`. Build with `scripts/wasm.sh --build` and `scripts/node.sh --build`.
. "$(dirname "$0")/common.sh"
need node "install Node 20 or later: https://nodejs.org"

folder=zentinelle-node/integrations
[ -d zentinelle-node/dist ] || scripts/node.sh --build
say "the packages"
[ $folder/node_modules/.package-lock.json -nt $folder/package-lock.json ] ||
  npm ci --prefix $folder --no-audit --no-fund --loglevel=error
say "integrations"
node --test --test-reporter=spec $folder/*.test.mjs

runtimes=zentinelle-wasm/runtimes
[ -d zentinelle-wasm/dist ] || scripts/wasm.sh --build
say "runtimes and bundlers"
# Pinned in package.json and without a lock: npm leaves the other platforms of Deno out of one, and then refuses it.
[ $runtimes/node_modules/.package-lock.json -nt $runtimes/package.json ] ||
  npm install --prefix $runtimes --no-audit --no-fund --loglevel=error
node --test --test-reporter=spec $runtimes/*.test.mjs
