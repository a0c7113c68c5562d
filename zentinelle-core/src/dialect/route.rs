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
        let _ = (method, path);
        Self { dialect: kind.map_or(Dialect::OpenAi, ProviderKind::dialect), operation: Operation::Other, model: None }
    }
}
