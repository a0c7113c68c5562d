use super::*;

fn told(method: &str, path: &str, kind: &str) -> String {
    let route = Route::recognise(method, path, ProviderKind::from_name(kind));
    format!("{} {} {}", route.dialect, route.operation.name(), route.model.as_deref().unwrap_or("-"))
}

#[test]
fn the_paths_of_the_official_sdks_are_known_bare() {
    for (method, path, expected) in [
        ("POST", "/v1/chat/completions", "openai chat -"),
        ("POST", "/v1/responses", "openai responses -"),
        ("POST", "/v1/completions", "openai completions -"),
        ("POST", "/v1/embeddings", "openai embeddings -"),
        ("GET", "/v1/models", "openai models -"),
        ("POST", "/v1/messages", "anthropic messages -"),
        ("POST", "/v1/messages/count_tokens", "anthropic count_tokens -"),
        ("POST", "/v1beta/models/gemini-3-pro:generateContent", "google generate_content gemini-3-pro"),
        ("POST", "/v1beta/models/gemini-3-pro%3AstreamGenerateContent", "google generate_content gemini-3-pro"),
        ("POST", "/v1beta/models/e-1:batchEmbedContents", "google embeddings e-1"),
        ("POST", "/v1beta/tunedModels/mine:countTokens", "google count_tokens mine"),
    ] {
        assert_eq!(told(method, path, ""), expected, "{path}");
    }
}

#[test]
fn a_configured_kind_knows_prefixes_and_models_in_the_path() {
    for (kind, path, expected) in [
        ("openai", "/chat/completions", "openai chat -"),
        ("openai-compatible", "/openai/v1/chat/completions", "openai chat -"),
        ("openai-compatible", "/api/v1/embeddings", "openai embeddings -"),
        ("azure", "/openai/deployments/gpt%2D4o/chat/completions", "openai chat gpt-4o"),
        ("azure", "/openai/v1/responses", "openai responses -"),
        ("google", "/v1beta/openai/chat/completions", "openai chat -"),
        ("vertex", "/publishers/google/models/gemini-3:generateContent", "google generate_content gemini-3"),
        (
            "vertex",
            "/v1/projects/p/locations/l/publishers/anthropic/models/claude@1:streamRawPredict",
            "anthropic messages claude@1",
        ),
        ("vertex", "/publishers/anthropic/models/count-tokens:rawPredict", "anthropic count_tokens -"),
        ("vertex", "/endpoints/openapi/chat/completions", "openai chat -"),
    ] {
        assert_eq!(told("POST", path, kind), expected, "{path}");
    }
}

#[test]
fn a_path_that_is_not_exactly_known_is_other() {
    for path in [
        "/v1/chat/completions/",
        "/v1//chat/completions",
        "/v1/./responses",
        "/v1/Chat/Completions",
        "/v2/chat/completions",
        "/v1/messages/../responses",
        "/v1beta/models/a%2Fb:generateContent",
        "/v1beta/models/:generateContent",
        "",
    ] {
        assert_eq!(Route::recognise("POST", path, None).operation, Operation::Other, "{path}");
    }
    assert_eq!(Route::recognise("DELETE", "/v1/chat/completions", None).operation, Operation::Other);
}
