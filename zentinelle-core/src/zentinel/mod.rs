//! Version 2 of the agent protocol of the Zentinel reverse proxy, without any input or output.
//!
//! The proxy asks an agent about every request; an agent allows, blocks, or changes headers. This
//! module reads and writes the messages and keeps the state of a conversation, for any host: the
//! server, the Python package, a test. Bytes and the time come in, bytes go out.
//!
//! ```
//! use std::sync::Arc;
//! use zentinelle_core::zentinel::{
//!     AgentResponse, Capabilities, Connection, ConnectionId, Exchanges, Occurrence, SessionConfig,
//! };
//!
//! let config = Arc::new(SessionConfig::new(Capabilities::new("guard", "guard", "1.0.0")));
//! let (mut connection, mut exchanges) = (Connection::new(config, ConnectionId(1)), Exchanges::default());
//! connection.push(b"\0\0\0\x1c\x01{\"supported_versions\": [2]}");
//! while let Some(occurrence) = connection.poll(&mut exchanges, 0) {
//!     if let Occurrence::Judge(ticket, _question) = occurrence {
//!         connection.answer(ticket, AgentResponse::allow(), &mut exchanges);
//!     }
//! }
//! assert_eq!(&connection.take_output()[4..6], b"\x02{");
//! ```
//!
//! A [`Connection`] is bytes over a [`Session`]; a host with another transport, such as gRPC,
//! feeds the session itself. Whatever cannot be judged is answered by the [`FailureMode`], never
//! with silence, which costs the client the proxy's whole timeout.

pub mod connection;
pub mod encoding;
pub mod event;
pub mod exchange;
pub mod frame;
#[cfg(feature = "zentinel-grpc")]
pub mod grpc;
pub mod guardrail;
pub mod handshake;
pub mod headers;
pub mod judge;
pub mod message;
pub mod response;
pub mod session;

pub use connection::{Connection, End};
pub use encoding::Encoding;
pub use exchange::{ConnectionId, ExchangeLimits, Exchanges, Known};
pub use guardrail::{Detection, GuardrailInspect, GuardrailResponse};
pub use handshake::Capabilities;
pub use headers::Headers;
pub use judge::{Identity, Judge};
pub use response::{AgentResponse, Decision};
pub use session::{FailureMode, Occurrence, Question, Session, SessionConfig, Ticket};
