#!/usr/bin/env bash
# Everything CI runs. Each step prints what it ran; the first that fails ends the run.
. "$(dirname "$0")/common.sh"

# Every run tries the same generated cases; without this, and in `make fuzz`, they are new ones each time.
export PROPTEST_RNG_SEED=${PROPTEST_RNG_SEED:-20261122}

scripts/lint.sh

say "tests, with PostgreSQL and Redis"
scripts/services.sh run -- cargo test --locked --no-fail-fast

say "reference model, laws and speed of release code"
cargo test --locked --release -p zentinelle-core --test reference_model --test laws -- --nocapture

say "vectors, case counts"
cargo test --locked -q -p zentinelle-core --test vectors -- --nocapture | grep -E 'cases|vectors:|test result'

say "the whole interface, with schemathesis"
scripts/schemathesis.sh 150

say "compliance reports, with NIST's model of OSCAL"
scripts/oscal.sh

say "policies of the examples"
cargo build --locked -q -p zentinelle-server
target=${CARGO_TARGET_DIR:-target}
for pack in examples/policies/*.yaml; do # one by one: files given together are one set
  "$target/debug/zentinelle" policy validate "$pack"
done
"$target/debug/zentinelle" policy test examples/policies/*.yaml

say "documentation"
RUSTDOCFLAGS="-D warnings" cargo doc --locked --no-deps -q -p zentinelle-core -p zentinelle-server

say "the core on wasm32"
scripts/wasm-std.sh
cargo check --locked -q -p zentinelle-core --target wasm32-unknown-unknown
echo "zentinelle-core compiles for wasm32-unknown-unknown"

scripts/sdks.sh
scripts/oidc.sh
scripts/wasm.sh
scripts/portal.sh
scripts/portal-test.sh
scripts/node.sh
scripts/services.sh run -- scripts/python.sh

say "all checks passed"
