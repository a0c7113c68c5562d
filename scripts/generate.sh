#!/usr/bin/env bash
# Writes every generated file: JSON Schemas, reference pages, rendered errors, the OpenAPI document, the
# GraphQL schema.
. "$(dirname "$0")/common.sh"

ZENTINELLE_GENERATE=1 cargo test --locked -q -p zentinelle-core --test generated --test rendered_errors
ZENTINELLE_GENERATE=1 cargo test --locked -q -p zentinelle-server --bin zentinelle -- http::openapi the_committed_schema
ZENTINELLE_GENERATE=1 cargo test --locked -q -p zentinelle-core --features dialect --test dialect
[ ! -d zentinelle-node/node_modules ] || npm run --silent --prefix zentinelle-node generate
git --no-pager diff --stat -- docs fixtures || true
