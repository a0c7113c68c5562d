//! What provider SDKs say to their models and hear from them: one internal model of a call, one of
//! a reply, and streams that are watched while they flow.
//!
//! Applies to the wire formats of OpenAI (chat completions, responses, completions, embeddings),
//! Anthropic (messages) and Google (generateContent), and to the many upstreams that speak one of
//! them. Everything is sans-I/O: bytes go in, values and bytes come out.
//!
//! Three rules hold throughout:
//!
//! * Bytes that no policy changes stay the client's own. Every text knows the range of its string
//!   literal in the body, and an [`Edit`] replaces that literal and nothing else.
//! * What cannot be read is an error and never an empty call. What is merely unknown, a key or a
//!   kind of part, passes, and its texts are seen.
//! * Work is linear in the bytes, memory is bounded by a stated limit.
//!
//! | step | what the host calls |
//! | --- | --- |
//! | whose format is it? | [`Route::recognise`] |
//! | what is asked? | [`Call::decode`], [`Call::context`], [`Call::estimate`] |
//! | change it | [`Call::edits_for`], [`rewrite`] |
//! | a whole reply | [`Reply::decode`], [`Reply::context`], [`Reply::edits_for`] |
//! | a streamed reply | [`StreamGuard`], which uses [`StreamDecoder`] |
//! | refuse | [`refusal`] |
//!
//! ```
//! use zentinelle_core::dialect::{Call, Route, rewrite};
//!
//! let route = Route::recognise("POST", "/v1/chat/completions", None);
//! let body = br#"{"model":"gpt-5","messages":[{"role":"user","content":"Hi"}]}"#;
//! let call = Call::decode(&route, "", body).unwrap();
//!
//! let facts = call.context("openai", &call.estimate(None));
//! assert_eq!((&facts["model"], &facts["input_text"]), (&"gpt-5".into(), &"Hi".into()));
//!
//! let capped = rewrite(body, &call.cap_output(50)).unwrap();
//! assert_eq!(capped, br#"{"max_completion_tokens":50,"model":"gpt-5","messages":[{"role":"user","content":"Hi"}]}"#);
//! ```

mod anthropic;
mod call;
mod edit;
mod error;
pub mod estimate;
pub mod facts;
mod google;
pub mod guard;
mod inspect;
mod json_spans;
mod model;
mod openai_chat;
mod openai_responses;
mod openai_texts;
mod read;
mod refusal;
mod reply;
mod route;
mod sse;
mod stream;
mod usage;

pub use call::Call;
pub use edit::{Edit, EditError, rewrite};
pub use error::DecodeError;
pub use estimate::{CountTokens, TokenEstimate, estimate_text};
pub use guard::{Action, GuardOptions, Guarded, StreamGuard, ToolAnswer};
pub use inspect::{Inspected, Inspection};
pub use model::{
    Media, MediaKind, Message, Origin, Part, Role, Text, Tool, ToolChoice, ToolKind, ToolResult, ToolUse, Unseen,
};
pub use refusal::refusal;
pub use reply::{Reply, ReplyError, StopReason, ToolCall};
pub use route::{Dialect, Operation, ProviderKind, Route};
pub use stream::{Channel, ChannelKind, Delta, Frame, Framing, StreamDecoder, StreamError, TextDelta, ToolKey};
pub use usage::Usage;
