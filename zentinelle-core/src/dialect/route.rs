//! Which format a request speaks, told from its method and path.

use std::fmt;

/// A wire format.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Dialect {
    /// OpenAI's, in all of its operations.
    OpenAi,
    /// Anthropic's messages.
    Anthropic,
    /// Google's generateContent, on the Gemini API and on Vertex.
    Google,
}

impl Dialect {
    /// The format's name, in lower case.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::OpenAi => "openai",
            Self::Anthropic => "anthropic",
            Self::Google => "google",
        }
    }
}

impl fmt::Display for Dialect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// What a configured upstream is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ProviderKind {
    /// OpenAI itself.
    OpenAi,
    /// Anthropic itself.
    Anthropic,
    /// The Gemini API.
    Google,
    /// Vertex AI: Google's models, and Anthropic's and others behind `rawPredict` and `openapi`.
    Vertex,
    /// Azure OpenAI: the deployment stands in the path.
    Azure,
    /// Anything that speaks OpenAI's format, under any prefix.
    OpenAiCompatible,
    /// Anything that speaks Anthropic's format, under any prefix.
    AnthropicCompatible,
}

impl ProviderKind {
    /// The kind a configuration names, such as `vertex` or `openai-compatible`.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Some(match name {
            "openai" => Self::OpenAi,
            "anthropic" => Self::Anthropic,
            "google" => Self::Google,
            "vertex" => Self::Vertex,
            "azure" => Self::Azure,
            "openai-compatible" | "openai_compatible" => Self::OpenAiCompatible,
            "anthropic-compatible" | "anthropic_compatible" => Self::AnthropicCompatible,
            _ => return None,
        })
    }

    /// The format its errors are written in.
    #[must_use]
    pub const fn dialect(self) -> Dialect {
        match self {
            Self::OpenAi | Self::Azure | Self::OpenAiCompatible => Dialect::OpenAi,
            Self::Anthropic | Self::AnthropicCompatible => Dialect::Anthropic,
            Self::Google | Self::Vertex => Dialect::Google,
        }
    }
}

/// What is asked of a provider.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Operation {
    /// OpenAI `chat/completions`.
    ChatCompletions,
    /// OpenAI `responses`.
    Responses,
    /// OpenAI `completions`, the older one.
    Completions,
    /// OpenAI `embeddings`.
    Embeddings,
    /// Anthropic `messages`.
    Messages,
    /// Anthropic `messages/count_tokens`.
    CountMessageTokens,
    /// Google `:generateContent`.
    GenerateContent,
    /// Google `:streamGenerateContent`.
    StreamGenerateContent,
    /// Google `:countTokens`.
    CountTokens,
    /// Google `:embedContent`.
    EmbedContent,
    /// Google `:batchEmbedContents`.
    BatchEmbedContents,
    /// A list of models, or one of them.
    Models,
    /// Files of any provider.
    Files,
    /// Batches of any provider: calls that nobody watches.
    Batches,
    /// Making or editing images.
    Images,
    /// Speech and transcription.
    Audio,
    /// OpenAI `moderations`.
    Moderations,
    /// Anything else. The host's setting says whether it may pass unread.
    Other,
}

impl Operation {
    /// The word for records and for the context key `endpoint_kind`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::ChatCompletions => "chat",
            Self::Responses => "responses",
            Self::Completions => "completions",
            Self::Embeddings | Self::EmbedContent | Self::BatchEmbedContents => "embeddings",
            Self::Messages => "messages",
            Self::CountMessageTokens | Self::CountTokens => "count_tokens",
            Self::GenerateContent | Self::StreamGenerateContent => "generate_content",
            Self::Models => "models",
            Self::Files => "files",
            Self::Batches => "batches",
            Self::Images => "images",
            Self::Audio => "audio",
            Self::Moderations => "moderations",
            Self::Other => "other",
        }
    }

    /// Whether [`super::Call::decode`] reads the body of this operation.
    #[must_use]
    pub const fn is_call(self) -> bool {
        matches!(
            self,
            Self::ChatCompletions
                | Self::Responses
                | Self::Completions
                | Self::Embeddings
                | Self::Messages
                | Self::CountMessageTokens
                | Self::GenerateContent
                | Self::StreamGenerateContent
                | Self::CountTokens
                | Self::EmbedContent
                | Self::BatchEmbedContents
        )
    }

    /// Whether a model writes an answer, so that there is output to watch and to pay for.
    #[must_use]
    pub const fn generates(self) -> bool {
        matches!(
            self,
            Self::ChatCompletions
                | Self::Responses
                | Self::Completions
                | Self::Messages
                | Self::GenerateContent
                | Self::StreamGenerateContent
        )
    }
}

/// Where a request goes: its format, its operation, and the model where that stands in the path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Route {
    /// The format of body, reply and errors.
    pub dialect: Dialect,
    /// What is asked.
    pub operation: Operation,
    /// The model, or the deployment on Azure, when the path names it.
    pub model: Option<String>,
}

impl Route {
    /// Tells what a request is from its method and path (without query). `kind` is that of the
    /// configured upstream; without it only the bare paths of the official SDKs are known. A path
    /// that is not exactly one of the known ones is [`Operation::Other`].
    #[must_use]
    pub fn recognise(method: &str, path: &str, kind: Option<ProviderKind>) -> Self {
        let segments: Vec<&str> = path.trim_start_matches('/').split('/').collect();
        let route = match kind {
            _ if segments.iter().any(|segment| matches!(*segment, "" | "." | "..")) => None,
            None => bare(method, &segments),
            Some(ProviderKind::OpenAi | ProviderKind::OpenAiCompatible) => open_ai(method, behind_version(&segments)),
            Some(ProviderKind::Azure) => azure(method, &segments),
            Some(ProviderKind::Anthropic | ProviderKind::AnthropicCompatible) => {
                anthropic(method, behind_version(&segments))
            }
            Some(ProviderKind::Google) => google(method, &segments),
            Some(ProviderKind::Vertex) => vertex(method, &segments),
        };
        route
            .unwrap_or_else(|| Self::of(kind.map_or_else(|| guess(&segments), ProviderKind::dialect), Operation::Other))
    }

    const fn of(dialect: Dialect, operation: Operation) -> Self {
        Self { dialect, operation, model: None }
    }
}

/// The paths the official SDKs write when their base URL is changed and nothing else.
fn bare(method: &str, segments: &[&str]) -> Option<Route> {
    match segments {
        ["v1", "messages", ..] => anthropic(method, segments.get(1..)?),
        ["v1", rest @ ..] => open_ai(method, rest),
        ["v1beta" | "v1alpha", ..] => google(method, segments),
        _ => None,
    }
}

/// The format whose errors an unknown path gets.
fn guess(segments: &[&str]) -> Dialect {
    match segments {
        ["v1", "messages", ..] => Dialect::Anthropic,
        ["v1beta" | "v1alpha", ..] => Dialect::Google,
        _ => Dialect::OpenAi,
    }
}

/// What follows the version in a path under any prefix: `openai/v1/chat/completions`. A path
/// without a version is taken as it is, since base URLs often end with it.
fn behind_version<'s, 'p>(segments: &'s [&'p str]) -> &'s [&'p str] {
    let version = segments.iter().take(4).position(|segment| *segment == "v1");
    version.and_then(|place| segments.get(place + 1..)).unwrap_or(segments)
}

fn open_ai(method: &str, segments: &[&str]) -> Option<Route> {
    let operation = match (method, segments) {
        ("POST", ["chat", "completions"]) => Operation::ChatCompletions,
        ("POST", ["responses"]) => Operation::Responses,
        ("POST", ["completions"]) => Operation::Completions,
        ("POST", ["embeddings"]) => Operation::Embeddings,
        ("GET", ["models"] | ["models", ..]) => Operation::Models,
        (_, ["files" | "uploads" | "vector_stores" | "containers", ..]) => Operation::Files,
        (_, ["batches", ..]) => Operation::Batches,
        ("POST", ["images" | "videos", ..]) => Operation::Images,
        ("POST", ["audio", ..]) => Operation::Audio,
        ("POST", ["moderations"]) => Operation::Moderations,
        _ => return None,
    };
    Some(Route::of(Dialect::OpenAi, operation))
}

/// `openai/deployments/{deployment}/…`, where the deployment is the model, or `openai/v1/…`.
fn azure(method: &str, segments: &[&str]) -> Option<Route> {
    let mut segments = segments;
    if let ["openai", rest @ ..] = segments {
        segments = rest;
    }
    match segments {
        ["deployments", deployment, rest @ ..] => {
            Some(Route { model: Some(unescaped(deployment)?), ..open_ai(method, rest)? })
        }
        ["v1", rest @ ..] => open_ai(method, rest),
        rest => open_ai(method, rest),
    }
}

fn anthropic(method: &str, segments: &[&str]) -> Option<Route> {
    let operation = match (method, segments) {
        ("POST", ["messages"]) => Operation::Messages,
        ("POST", ["messages", "count_tokens"]) => Operation::CountMessageTokens,
        (_, ["messages", "batches", ..]) => Operation::Batches,
        ("GET", ["models"] | ["models", ..]) => Operation::Models,
        (_, ["files", ..]) => Operation::Files,
        _ => return None,
    };
    Some(Route::of(Dialect::Anthropic, operation))
}

/// The Gemini API: `v1beta/models/{model}:{method}`, tuned models, and its OpenAI face.
fn google(method: &str, segments: &[&str]) -> Option<Route> {
    let rest = match segments {
        ["v1" | "v1beta" | "v1alpha", rest @ ..] => rest,
        rest => rest,
    };
    match (method, rest) {
        (_, ["openai", rest @ ..]) => open_ai(method, rest),
        ("GET", ["models" | "tunedModels"] | ["models" | "tunedModels", ..]) => {
            Some(Route::of(Dialect::Google, Operation::Models))
        }
        ("POST", ["models" | "tunedModels", call]) => google_call(call),
        (_, ["files" | "cachedContents", ..]) | ("POST", ["upload", ..]) => {
            Some(Route::of(Dialect::Google, Operation::Files))
        }
        (_, ["batches", ..]) => Some(Route::of(Dialect::Google, Operation::Batches)),
        _ => None,
    }
}

/// Vertex: `publishers/{publisher}/models/{model}:{method}`, with or without project and
/// location before it, and `endpoints/openapi` for OpenAI's format.
fn vertex(method: &str, segments: &[&str]) -> Option<Route> {
    let mut rest = segments;
    if let ["v1" | "v1beta1", after @ ..] = rest {
        rest = after;
    }
    if let ["projects", _, "locations", _, after @ ..] = rest {
        rest = after;
    }
    match (method, rest) {
        (_, ["endpoints", "openapi", rest @ ..]) => open_ai(method, rest),
        ("POST", ["publishers", "anthropic", "models", call]) => {
            let (model, call) = named(call)?;
            let operation = match call.as_str() {
                "rawPredict" if model == "count-tokens" => Operation::CountMessageTokens,
                "rawPredict" | "streamRawPredict" => Operation::Messages,
                _ => return None,
            };
            let model = (operation == Operation::Messages).then_some(model);
            Some(Route { dialect: Dialect::Anthropic, operation, model })
        }
        ("POST", ["publishers", "google", "models", call] | ["models", call] | ["endpoints", call]) => {
            google_call(call)
        }
        ("GET", ["publishers", _, "models", ..] | ["models", ..]) => {
            Some(Route::of(Dialect::Google, Operation::Models))
        }
        (_, ["cachedContents", ..]) => Some(Route::of(Dialect::Google, Operation::Files)),
        (_, ["batchPredictionJobs", ..]) => Some(Route::of(Dialect::Google, Operation::Batches)),
        _ => None,
    }
}

/// `{model}:{method}`.
fn google_call(segment: &str) -> Option<Route> {
    let (model, call) = named(segment)?;
    let operation = match call.as_str() {
        "generateContent" => Operation::GenerateContent,
        "streamGenerateContent" => Operation::StreamGenerateContent,
        "countTokens" => Operation::CountTokens,
        "embedContent" => Operation::EmbedContent,
        "batchEmbedContents" => Operation::BatchEmbedContents,
        "batchGenerateContent" | "asyncBatchEmbedContent" => Operation::Batches,
        _ => Operation::Other,
    };
    Some(Route { dialect: Dialect::Google, operation, model: Some(model) })
}

/// Model and method of a last segment, escapes undone: the colon may be written `%3A`.
fn named(segment: &str) -> Option<(String, String)> {
    let segment = unescaped(segment)?;
    let (model, call) = segment.rsplit_once(':')?;
    (!model.is_empty()).then(|| (model.to_owned(), call.to_owned()))
}

/// A path segment with its percent escapes undone. One that then holds a slash, a control
/// character or no UTF-8 is none: an upstream might read it as another path.
fn unescaped(segment: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(segment.len());
    let mut rest = segment.bytes();
    while let Some(byte) = rest.next() {
        if byte == b'%' {
            let digit = |byte: Option<u8>| char::from(byte?).to_digit(16);
            let (high, low) = (digit(rest.next())?, digit(rest.next())?);
            bytes.push(u8::try_from(high * 16 + low).ok()?);
        } else {
            bytes.push(byte);
        }
    }
    let text = String::from_utf8(bytes).ok()?;
    let odd = |letter: char| letter.is_control() || matches!(letter, '/' | '\\' | '?' | '#' | '%');
    (!text.is_empty() && !text.contains(odd)).then_some(text)
}

#[cfg(test)]
mod tests;
