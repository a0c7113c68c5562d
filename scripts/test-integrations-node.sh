#!/usr/bin/env bash
# The integrations of @zentinelle/agent against the real packages: Vercel AI SDK, OpenAI Agents, LangChain, MCP, Express,
# Hono. Installs them (a few hundred megabytes), so it is not part of `make test`. Build with `scripts/node.sh --build`.
. "$(dirname "$0")/common.sh"
need node "install Node 20 or later: https://nodejs.org"

folder=zentinelle-node/integrations
[ -d zentinelle-node/dist ] || scripts/node.sh --build
say "the packages"
[ $folder/node_modules/.package-lock.json -nt $folder/package-lock.json ] ||
  npm ci --prefix $folder --no-audit --no-fund --loglevel=error
say "integrations"
node --test --test-reporter=spec $folder/*.test.mjs
