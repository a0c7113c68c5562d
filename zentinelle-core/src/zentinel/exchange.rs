//! What is remembered of requests between their events.
//!
//! The events of one request come over several connections, so this is shared by all of them.
//! Nothing tells an agent that a request is over, so what is remembered is bounded by age, by
//! number and by bytes. The id that joins the events can be chosen by the client: where it names
//! two different requests at once, the answer is that it is ambiguous, never one of the two.

use std::collections::BTreeMap;
use std::sync::Arc;

use smallvec::SmallVec;
use thiserror::Error;

use super::event::{BodyChunk, Direction, RequestHeaders, ResponseHeaders};

/// Tells the connections of one agent apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ConnectionId(pub u64);

/// How much is remembered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ExchangeLimits {
    /// The longest body that is put together. Unit: bytes. Default: 10 MiB.
    pub max_body_bytes: usize,
    /// Bytes of unfinished bodies of all requests together. Default: 256 MiB.
    pub max_buffered_bytes: usize,
    /// Requests. The oldest is forgotten for a newer one. Default: 10 000.
    pub max_requests: usize,
    /// How long a request is remembered. Unit: milliseconds. Default: ten minutes.
    pub max_age_ms: u64,
}

impl Default for ExchangeLimits {
    fn default() -> Self {
        Self {
            max_body_bytes: 10 * 1024 * 1024,
            max_buffered_bytes: 256 * 1024 * 1024,
            max_requests: 10_000,
            max_age_ms: 600_000,
        }
    }
}

/// Why an event cannot be joined with those before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum ExchangeError {
    /// The body is longer than the limit.
    #[error("the body exceeds the limit of {0} bytes")]
    BodyTooLong(usize),
    /// All unfinished bodies together are longer than the limit.
    #[error("unfinished bodies exceed the limit of {0} bytes")]
    BuffersFull(usize),
    /// The beginning of the body was never seen, or was forgotten.
    #[error("piece {0} of a body came without the pieces before it")]
    BeginningMissing(u32),
    /// Several different requests that are under way have this id.
    #[error("several different requests have the same correlation id")]
    Ambiguous,
}

/// The request an event belongs to, as far as it is known.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Known {
    /// Its line and headers; nothing when the proxy is not set up to send them, or they are forgotten.
    pub request: Option<Arc<RequestHeaders>>,
    /// The response's status and headers, under the same reserve.
    pub response: Option<Arc<ResponseHeaders>>,
}

/// How far a body has come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Progress {
    /// More is to come.
    More,
    /// It can be judged.
    Ready {
        /// The request it belongs to.
        known: Known,
        /// The body so far.
        body: Vec<u8>,
        /// Whether that is all of it. Of a response the proxy may have had no room for the rest.
        complete: bool,
    },
}

#[derive(Debug)]
struct Exchange {
    number: u64,
    connection: ConnectionId,
    known: Known,
    request_body: Option<Vec<u8>>,
    response_body: Option<Vec<u8>>,
}

/// What is remembered of requests between their events.
#[derive(Debug, Default)]
pub struct Exchanges {
    limits: ExchangeLimits,
    by_id: BTreeMap<Arc<str>, SmallVec<[Exchange; 1]>>,
    /// When each began, the oldest first.
    ages: BTreeMap<u64, (u64, Arc<str>)>,
    next_number: u64,
    buffered: usize,
}

impl Exchanges {
    /// Remembers within `limits`.
    #[must_use]
    pub fn new(limits: ExchangeLimits) -> Self {
        Self { limits, ..Self::default() }
    }

    /// How many requests are remembered.
    #[must_use]
    pub fn len(&self) -> usize {
        self.ages.len()
    }

    /// Whether nothing is remembered.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.ages.is_empty()
    }

    /// A request begins. One with the same id on the same connection is another request: what was
    /// known of it is forgotten.
    pub fn begin(&mut self, connection: ConnectionId, request: Arc<RequestHeaders>, now_ms: u64) {
        let id = request.metadata.correlation_id.clone();
        self.forget(connection, &id);
        self.insert(connection, &id, Known { request: Some(request), response: None }, now_ms);
    }

    /// A piece of a body arrives.
    pub fn piece(
        &mut self,
        connection: ConnectionId,
        direction: Direction,
        chunk: BodyChunk,
        now_ms: u64,
    ) -> Result<Progress, ExchangeError> {
        self.expire(now_ms);
        let id = chunk.correlation_id.clone();
        let found = match direction {
            // The pieces of a request come the same way as its headers.
            Direction::Request => self.number_on(connection, &id),
            Direction::Response => self.number_of_response(&id, true)?,
        };
        let number = match found {
            Some(number) => number,
            None => self.insert(connection, &id, Known::default(), now_ms),
        };
        let progress = self.grow(number, &id, direction, chunk);
        let ended = direction == Direction::Response && matches!(progress, Ok(Progress::Ready { complete: true, .. }));
        if ended || progress.is_err() {
            self.remove(&id, number);
        }
        progress
    }

    /// A response begins.
    pub fn respond(
        &mut self,
        connection: ConnectionId,
        response: Arc<ResponseHeaders>,
        now_ms: u64,
    ) -> Result<Known, ExchangeError> {
        self.expire(now_ms);
        let id = response.correlation_id.clone();
        let number = match self.number_of_response(&id, false)? {
            Some(number) => number,
            None => self.insert(connection, &id, Known::default(), now_ms),
        };
        let Some(exchange) = self.exchange(&id, number) else { return Ok(Known::default()) };
        exchange.known.response = Some(response);
        Ok(exchange.known.clone())
    }

    /// What is known of the request that an event without a place of its own belongs to.
    #[must_use]
    pub fn known(&self, connection: ConnectionId, id: &str) -> Known {
        let here = |exchanges: &SmallVec<[Exchange; 1]>| {
            let same = exchanges.iter().find(|exchange| exchange.connection == connection);
            same.or(if exchanges.len() == 1 { exchanges.first() } else { None }).map(|exchange| exchange.known.clone())
        };
        self.by_id.get(id).and_then(here).unwrap_or_default()
    }

    /// A request was refused or is over.
    pub fn forget(&mut self, connection: ConnectionId, id: &str) {
        if let Some(number) = self.number_on(connection, id) {
            self.remove(id, number);
        }
    }

    fn number_on(&self, connection: ConnectionId, id: &str) -> Option<u64> {
        self.by_id.get(id)?.iter().find(|exchange| exchange.connection == connection).map(|exchange| exchange.number)
    }

    /// The request that a response event is about. It may come over any connection, so only the
    /// id joins them: a request that already has its response is not meant by another one, and
    /// among several that might be meant, it does not matter which if they ask for the same.
    fn number_of_response(&self, id: &str, body: bool) -> Result<Option<u64>, ExchangeError> {
        let Some(exchanges) = self.by_id.get(id) else { return Ok(None) };
        let begun = |exchange: &&Exchange| exchange.known.response.is_some() == body;
        let mut meant: SmallVec<[&Exchange; 2]> = exchanges.iter().filter(begun).collect();
        if meant.is_empty() && body {
            // The proxy may not be set up to send the headers of responses.
            meant = exchanges.iter().collect();
        }
        let Some(last) = meant.last() else { return Ok(None) };
        if meant.iter().all(|exchange| asks_for_the_same(&exchange.known, &last.known)) {
            Ok(Some(last.number))
        } else {
            Err(ExchangeError::Ambiguous)
        }
    }

    fn exchange(&mut self, id: &str, number: u64) -> Option<&mut Exchange> {
        self.by_id.get_mut(id)?.iter_mut().find(|exchange| exchange.number == number)
    }

    fn grow(
        &mut self,
        number: u64,
        id: &str,
        direction: Direction,
        chunk: BodyChunk,
    ) -> Result<Progress, ExchangeError> {
        let (limits, buffered) = (self.limits, self.buffered);
        let Some(exchange) = self.exchange(id, number) else {
            return Err(ExchangeError::BeginningMissing(chunk.chunk_index));
        };
        let slot = match direction {
            Direction::Request => &mut exchange.request_body,
            Direction::Response => &mut exchange.response_body,
        };
        let mut body = match (slot.take(), chunk.chunk_index) {
            (Some(body), 1..) => body,
            (None, 1..) => return Err(ExchangeError::BeginningMissing(chunk.chunk_index)),
            // A first piece begins afresh, whatever came before it.
            (stale, 0) => {
                self.buffered = buffered.saturating_sub(stale.map_or(0, |stale| stale.len()));
                Vec::new()
            }
        };
        self.buffered = self.buffered.saturating_sub(body.len());
        let length = body.len().saturating_add(chunk.data.len());
        if length > limits.max_body_bytes {
            return Err(ExchangeError::BodyTooLong(limits.max_body_bytes));
        }
        if self.buffered.saturating_add(length) > limits.max_buffered_bytes {
            return Err(ExchangeError::BuffersFull(limits.max_buffered_bytes));
        }
        if body.is_empty() {
            body = chunk.data;
        } else {
            body.extend_from_slice(&chunk.data);
        }
        // A response is buffered by the proxy and comes as one piece. If that is not the last, the
        // rest did not fit and goes out unseen: what there is must be judged now.
        let cut_short = direction == Direction::Response && chunk.chunk_index == 0 && !chunk.is_last;
        let keep = !chunk.is_last;
        let ready = chunk.is_last || cut_short;
        let Some(exchange) = self.exchange(id, number) else { return Ok(Progress::More) };
        let known = exchange.known.clone();
        let kept = keep.then(|| if ready { body.clone() } else { std::mem::take(&mut body) });
        let kept_length = kept.as_ref().map_or(0, Vec::len);
        match direction {
            Direction::Request => exchange.request_body = kept,
            Direction::Response => exchange.response_body = kept,
        }
        self.buffered = self.buffered.saturating_add(kept_length);
        Ok(if ready { Progress::Ready { known, body, complete: chunk.is_last } } else { Progress::More })
    }

    fn insert(&mut self, connection: ConnectionId, id: &str, known: Known, now_ms: u64) -> u64 {
        self.expire(now_ms);
        while self.ages.len() >= self.limits.max_requests.max(1) {
            self.remove_oldest();
        }
        let number = self.next_number;
        self.next_number = number.wrapping_add(1);
        let id: Arc<str> = id.into();
        self.ages.insert(number, (now_ms, Arc::clone(&id)));
        let exchange = Exchange { number, connection, known, request_body: None, response_body: None };
        self.by_id.entry(id).or_default().push(exchange);
        number
    }

    fn expire(&mut self, now_ms: u64) {
        let oldest_kept = now_ms.saturating_sub(self.limits.max_age_ms);
        while self.ages.first_key_value().is_some_and(|(_, (begun, _))| *begun < oldest_kept) {
            self.remove_oldest();
        }
    }

    fn remove_oldest(&mut self) {
        if let Some((number, (_, id))) = self.ages.pop_first() {
            self.remove(&id, number);
        }
    }

    fn remove(&mut self, id: &str, number: u64) {
        self.ages.remove(&number);
        let Some(exchanges) = self.by_id.get_mut(id) else { return };
        if let Some(place) = exchanges.iter().position(|exchange| exchange.number == number) {
            let gone = exchanges.remove(place);
            let bodies = [gone.request_body, gone.response_body];
            let freed: usize = bodies.iter().flatten().map(Vec::len).sum();
            self.buffered = self.buffered.saturating_sub(freed);
        }
        if exchanges.is_empty() {
            self.by_id.remove(id);
        }
    }
}

fn asks_for_the_same(a: &Known, b: &Known) -> bool {
    match (&a.request, &b.request) {
        (Some(a), Some(b)) => {
            a.method == b.method
                && a.uri == b.uri
                && a.metadata.client().map(|c| c.ip) == b.metadata.client().map(|c| c.ip)
        }
        (None, None) => true,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: ConnectionId = ConnectionId(1);
    const B: ConnectionId = ConnectionId(2);

    fn request(id: &str, uri: &str) -> Arc<RequestHeaders> {
        let mut request = RequestHeaders { uri: uri.into(), ..RequestHeaders::default() };
        request.metadata.correlation_id = id.into();
        Arc::new(request)
    }

    fn response(id: &str) -> Arc<ResponseHeaders> {
        Arc::new(ResponseHeaders { correlation_id: id.into(), status: 200, ..ResponseHeaders::default() })
    }

    fn chunk(id: &str, data: &str, index: u32, is_last: bool) -> BodyChunk {
        BodyChunk {
            correlation_id: id.into(),
            data: data.into(),
            is_last,
            total_size: None,
            chunk_index: index,
            bytes_so_far: 0,
        }
    }

    fn body(progress: Result<Progress, ExchangeError>) -> Option<String> {
        match progress.unwrap() {
            Progress::More => None,
            Progress::Ready { body, .. } => Some(String::from_utf8(body).unwrap()),
        }
    }

    #[test]
    fn a_response_finds_its_request_over_another_connection_and_is_forgotten_with_its_body() {
        let mut exchanges = Exchanges::default();
        exchanges.begin(A, request("c", "/x"), 0);
        let known = exchanges.respond(B, response("c"), 1).unwrap();
        assert_eq!(known.request.unwrap().uri, "/x");
        let ready = exchanges.piece(B, Direction::Response, chunk("c", "done", 0, true), 2).unwrap();
        let Progress::Ready { known, complete: true, .. } = ready else { panic!("{ready:?}") };
        assert_eq!(known.request.unwrap().uri, "/x");
        assert!(exchanges.is_empty());
    }

    #[test]
    fn two_different_requests_with_one_id_are_never_mixed() {
        let mut exchanges = Exchanges::default();
        exchanges.begin(A, request("same", "/allowed"), 0);
        exchanges.begin(B, request("same", "/refused"), 0);
        assert_eq!(exchanges.respond(A, response("same"), 1), Err(ExchangeError::Ambiguous));
        assert_eq!(body(exchanges.piece(A, Direction::Request, chunk("same", "a", 0, false), 1)), None);
        assert_eq!(body(exchanges.piece(B, Direction::Request, chunk("same", "b", 0, true), 1)), Some("b".into()));
        assert_eq!(body(exchanges.piece(A, Direction::Request, chunk("same", "a", 1, true), 1)), Some("aa".into()));
        exchanges.forget(B, "same");
        assert_eq!(exchanges.respond(B, response("same"), 1).unwrap().request.unwrap().uri, "/allowed");
    }

    #[test]
    fn the_same_id_again_after_its_response_is_a_request_of_its_own() {
        let mut exchanges = Exchanges::default();
        exchanges.begin(A, request("same", "/first"), 0);
        exchanges.respond(B, response("same"), 1).unwrap();
        exchanges.begin(B, request("same", "/second"), 2);
        assert_eq!(exchanges.respond(A, response("same"), 3).unwrap().request.unwrap().uri, "/second");
    }

    #[test]
    fn the_end_of_a_body_is_not_judged_without_its_beginning() {
        let mut exchanges = Exchanges::default();
        let late = exchanges.piece(A, Direction::Request, chunk("c", "end", 3, true), 0);
        assert_eq!(late, Err(ExchangeError::BeginningMissing(3)));
        assert!(exchanges.is_empty());
    }

    #[test]
    fn a_response_that_did_not_fit_is_judged_as_far_as_it_came() {
        let mut exchanges = Exchanges::default();
        let ready = exchanges.piece(A, Direction::Response, chunk("c", "part", 0, false), 0).unwrap();
        assert!(matches!(ready, Progress::Ready { complete: false, .. }));
    }

    #[test]
    fn memory_is_bounded_by_body_by_sum_by_number_and_by_age() {
        let limits = ExchangeLimits { max_body_bytes: 4, max_buffered_bytes: 6, max_requests: 2, max_age_ms: 10 };
        let mut exchanges = Exchanges::new(limits);
        let long = exchanges.piece(A, Direction::Request, chunk("c", "12345", 0, false), 0);
        assert_eq!(long, Err(ExchangeError::BodyTooLong(4)));
        assert_eq!(body(exchanges.piece(A, Direction::Request, chunk("c", "1234", 0, false), 0)), None);
        let full = exchanges.piece(A, Direction::Request, chunk("d", "123", 0, false), 0);
        assert_eq!(full, Err(ExchangeError::BuffersFull(6)));
        for id in ["d", "e", "f"] {
            exchanges.begin(A, request(id, "/"), 1);
        }
        assert_eq!((exchanges.len(), exchanges.buffered), (2, 0));
        exchanges.begin(A, request("g", "/"), 12);
        assert_eq!(exchanges.len(), 1);
    }
}
