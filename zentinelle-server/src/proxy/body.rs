//! Reading bodies and replies whole, within bounds of size, of time and of memory for all of them.

use std::sync::Arc;
use std::time::Duration;

use axum::http::StatusCode;
use bytes::{Buf as _, Bytes, BytesMut};
use http_body::Body as HttpBody;
use http_body_util::BodyExt as _;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::Instant;

use super::refusal::Refusal;

/// How long a call waits for memory, all its waits together. Were it each of them, calls that all
/// hold a part and wait for more would keep each other waiting for as long as they are many.
const PATIENCE: Duration = Duration::from_secs(5);
/// What is asked for at a time while the length is unknown. Unit: bytes.
const STEP: usize = 64 * 1024;

/// Memory a call holds, given back when dropped.
#[derive(Debug, Default)]
pub(crate) struct Held {
    permits: Option<OwnedSemaphorePermit>,
    bytes: usize,
    waited: Duration,
}

impl Held {
    /// Makes sure of so many bytes in all.
    async fn reach(&mut self, all: &Arc<Semaphore>, bytes: usize) -> Result<(), Refusal> {
        let Some(more) = bytes.checked_sub(self.bytes).filter(|more| *more > 0) else { return Ok(()) };
        let more = more.max(STEP.min(bytes)).next_multiple_of(1024);
        let permits = u32::try_from(more / 1024).unwrap_or(u32::MAX);
        let asked = Arc::clone(all).acquire_many_owned(permits);
        let full = || {
            let mut refusal =
                Refusal::new(StatusCode::SERVICE_UNAVAILABLE, "overloaded", "too many large bodies are held at once");
            refusal.retry_after = Some(1);
            refusal
        };
        let begun = Instant::now();
        let patience = PATIENCE.saturating_sub(self.waited);
        let granted = tokio::time::timeout(patience, asked).await.map_err(|_| full())?.map_err(|_| full())?;
        self.waited += begun.elapsed();
        match &mut self.permits {
            Some(permits) => permits.merge(granted),
            None => self.permits = Some(granted),
        }
        self.bytes += more;
        Ok(())
    }
}

/// Why a body was not read to its end.
#[derive(Debug)]
pub(crate) enum ReadError {
    /// It is larger than it may be.
    TooLarge,
    /// It stopped coming.
    Stalled,
    /// It took too long in all.
    TookTooLong,
    /// It broke off.
    Broken(String),
    /// There is no memory for it.
    Refused(Refusal),
}

/// Within which bounds a body is read.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bounds {
    /// The most. Unit: bytes.
    pub(crate) bytes: usize,
    /// The longest pause.
    pub(crate) idle: Duration,
    /// When it must be over.
    pub(crate) until: Instant,
}

/// Reads a body whole.
pub(crate) async fn read<B>(body: B, bounds: Bounds, all: &Arc<Semaphore>, held: &mut Held) -> Result<Bytes, ReadError>
where
    B: HttpBody<Data = Bytes>,
    B::Error: std::fmt::Display,
{
    let hint = body.size_hint();
    if hint.lower() > bounds.bytes as u64 {
        return Err(ReadError::TooLarge);
    }
    let mut body = std::pin::pin!(body);
    let mut first: Option<Bytes> = None;
    let mut whole = BytesMut::new();
    let mut length = 0;
    loop {
        let wait = Instant::now() + bounds.idle;
        let frame = match tokio::time::timeout_at(wait.min(bounds.until), body.frame()).await {
            Err(_) if bounds.until <= wait => return Err(ReadError::TookTooLong),
            Err(_) => return Err(ReadError::Stalled),
            Ok(None) => break,
            Ok(Some(Err(error))) => return Err(ReadError::Broken(error.to_string())),
            Ok(Some(Ok(frame))) => frame,
        };
        let Ok(data) = frame.into_data() else { continue };
        length += data.remaining();
        if length > bounds.bytes {
            return Err(ReadError::TooLarge);
        }
        held.reach(all, length).await.map_err(ReadError::Refused)?;
        // Most bodies come in one piece, which then is not copied.
        match first.take() {
            None if whole.is_empty() => first = Some(data),
            None => whole.extend_from_slice(&data),
            Some(before) => {
                whole.reserve(2 * (before.len() + data.len()));
                whole.extend_from_slice(&before);
                whole.extend_from_slice(&data);
            }
        }
    }
    Ok(first.unwrap_or_else(|| whole.freeze()))
}
