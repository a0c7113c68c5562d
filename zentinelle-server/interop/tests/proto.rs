//! The Rust code of the gRPC messages is what the `.proto` says. `ZENTINELLE_GENERATE=1` writes it,
//! with the digests by which the core's own tests notice that one was changed without the other.

use std::path::Path;

use sha2::{Digest as _, Sha256};

fn digest(text: &str) -> String {
    Sha256::digest(text).iter().map(|byte| format!("{byte:02x}")).collect()
}

#[test]
fn generated_code_has_not_drifted() {
    let core = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../zentinelle-core");
    let proto = core.join("proto");
    // A compiler in Rust: nobody needs `protoc` for this.
    let file = proto.join("zentinel_agent_v2.proto");
    let files = protox::compile([&file], [&proto]).unwrap();
    let folder = tempfile::tempdir().unwrap();
    prost_build::Config::new().btree_map(["."]).out_dir(folder.path()).compile_fds(files).unwrap();
    let code = std::fs::read_to_string(folder.path().join("zentinel.agent.v2.rs")).unwrap();
    let head = format!("// proto {}\n// code {}", digest(&std::fs::read_to_string(&file).unwrap()), digest(&code));
    let code = format!("{head}\n\n{code}");
    let kept = core.join("src/zentinel/grpc/generated.rs");
    if std::env::var_os("ZENTINELLE_GENERATE").is_some() {
        std::fs::write(&kept, &code).unwrap();
    }
    let found = std::fs::read_to_string(&kept).unwrap_or_default();
    assert!(found == code, "{} has drifted; run scripts/zentinel-interop.sh generate", kept.display());
}
