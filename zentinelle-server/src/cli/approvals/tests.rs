use std::time::Duration;

use clap::Parser as _;
use serde_json::json;

use crate::auth::Role;
use crate::exit::Exit;
use crate::testing::TestServer;

#[tokio::test(flavor = "multi_thread")]
async fn people_decide_from_the_command_line() {
    let server = TestServer::sqlite().await;
    server.policy("tool_permission", json!({"requires_approval": ["pay", "refund"]})).await;
    let agent = server.agent("a").await;
    let folder = tempfile::tempdir().expect("a folder");
    let key_file = |name: &str, key: &str| {
        use std::os::unix::fs::OpenOptionsExt as _;
        let path = folder.path().join(name);
        let mut file =
            std::fs::OpenOptions::new().create_new(true).write(true).mode(0o600).open(&path).expect("a file");
        std::io::Write::write_all(&mut file, key.as_bytes()).expect("written");
        path.display().to_string()
    };
    let operator = key_file("operator", &server.operator(Role::Operator).await);
    let viewer = key_file("viewer", &server.operator(Role::Viewer).await);
    let url = format!("http://{}", server.listen().await);
    let run = async |words: &str, key: &str| {
        let mut args = vec!["zentinelle".to_owned(), "approvals".to_owned()];
        args.extend(words.split_whitespace().map(str::to_owned));
        args.extend(["--url".to_owned(), url.clone(), "--key-file".to_owned(), key.to_owned()]);
        let cli = crate::cli::Cli::try_parse_from(args).expect("arguments");
        tokio::task::spawn_blocking(|| crate::cli::run(cli)).await.expect("run")
    };
    let mut ids = Vec::new();
    for tool in ["pay", "refund"] {
        let call = json!({"action": "tool_call", "context": {"tool": tool}});
        let (_, answer) = server.post("/api/v1/evaluate", &agent, call).await;
        ids.push(answer["approval_workflow_id"].as_str().expect("an id").to_owned());
    }
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert_eq!(run("list", &operator).await, Exit::Success);
    assert_eq!(run("list --status all --agent a --format json", &viewer).await, Exit::Success);
    assert_eq!(run(&format!("show {}", ids[0]), &viewer).await, Exit::Success);
    assert_eq!(run(&format!("approve {}", ids[0]), &viewer).await, Exit::Unusable, "a viewer decides nothing");
    assert_eq!(run(&format!("approve {} --note fine", ids[0]), &operator).await, Exit::Success);
    assert_eq!(run(&format!("deny {}", ids[0]), &operator).await, Exit::Unusable, "decided once");
    assert_eq!(run(&format!("deny {}", ids[1]), &operator).await, Exit::Success);
    assert_eq!(run("show ../keys", &operator).await, Exit::Unusable, "an id is an id");
    for (id, status) in ids.iter().zip(["approved", "denied"]) {
        let (_, shown) = server.get(&format!("/api/zentinelle/v1/approvals/{id}"), &agent).await;
        assert_eq!(shown["status"], status);
    }
}
