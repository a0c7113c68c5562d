//! What the mock saw, so that a test can say which credentials left and whose.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde_json::{Value, json};

use crate::request::Request;
use crate::scenario::Scenario;

const MOST_EXCHANGES: usize = 2_048;
const MOST_BODY_BYTES: usize = 64 << 10;
/// Where providers look for a credential.
const CREDENTIAL_HEADERS: [&str; 4] = ["authorization", "x-api-key", "x-goog-api-key", "api-key"];

/// One request and how its reply ended.
#[derive(Clone, Debug)]
pub struct Exchange {
    /// Counts from one.
    pub number: u64,
    /// `GET`, `POST`.
    pub method: String,
    /// The path and the query.
    pub target: String,
    /// In the order of arrival, names in lower case.
    pub headers: Vec<(String, String)>,
    /// Every credential that arrived, in headers or in the query, without `Bearer`.
    pub credentials: Vec<String>,
    /// The body, to 64 KB.
    pub body: String,
    /// How long the body was. Unit: bytes.
    pub body_bytes: usize,
    /// What the request asked to be marked with.
    pub mark: Option<String>,
    /// Whether the reply was written to its end, was broken off by the client, or is being written.
    pub ended: Option<Ended>,
}

/// How a reply ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// All of it was written.
    Written,
    /// The client went away before.
    Aborted,
}

impl Exchange {
    /// The first header of a name in lower case.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(held, _)| held == name).map(|(_, value)| value.as_str())
    }

    fn to_json(&self) -> Value {
        let ended = match self.ended {
            None => "open",
            Some(Ended::Written) => "written",
            Some(Ended::Aborted) => "aborted",
        };
        json!({ "number": self.number, "method": self.method, "target": self.target, "headers": self.headers,
            "credentials": self.credentials, "body": self.body, "body_bytes": self.body_bytes, "mark": self.mark,
            "ended": ended })
    }
}

/// All that was seen, of the last 2,048 requests.
#[derive(Debug, Default)]
pub struct Seen {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    total: u64,
    aborted: u64,
    open: u64,
    most_open: u64,
    exchanges: VecDeque<Exchange>,
}

impl Seen {
    /// How many requests arrived.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.state().total
    }

    /// How many replies are being written.
    #[must_use]
    pub fn open(&self) -> u64 {
        self.state().open
    }

    /// How many clients went away before their reply was written.
    #[must_use]
    pub fn aborted(&self) -> u64 {
        self.state().aborted
    }

    /// The requests that carry a mark, oldest first.
    #[must_use]
    pub fn marked(&self, mark: &str) -> Vec<Exchange> {
        self.state().exchanges.iter().filter(|exchange| exchange.mark.as_deref() == Some(mark)).cloned().collect()
    }

    /// Every request that is still known, oldest first.
    #[must_use]
    pub fn exchanges(&self) -> Vec<Exchange> {
        self.state().exchanges.iter().cloned().collect()
    }

    pub(crate) fn begin(&self, request: &Request, scenario: &Scenario) -> u64 {
        let text = request.body.get(..MOST_BODY_BYTES).unwrap_or(&request.body);
        let mut exchange = Exchange {
            number: 0,
            method: request.method.clone(),
            target: request.target.clone(),
            headers: request.headers.clone(),
            credentials: credentials(request),
            body: String::from_utf8_lossy(text).into_owned(),
            body_bytes: request.body.len(),
            mark: scenario.value("mark").map(str::to_owned),
            ended: None,
        };
        let mut state = self.state();
        state.total += 1;
        state.open += 1;
        state.most_open = state.most_open.max(state.open);
        exchange.number = state.total;
        if state.exchanges.len() == MOST_EXCHANGES {
            state.exchanges.pop_front();
        }
        state.exchanges.push_back(exchange);
        state.total
    }

    pub(crate) fn end(&self, number: u64, ended: Ended) {
        let mut state = self.state();
        state.open = state.open.saturating_sub(1);
        if ended == Ended::Aborted {
            state.aborted += 1;
        }
        if let Some(exchange) = state.exchanges.iter_mut().rev().find(|exchange| exchange.number == number) {
            exchange.ended = Some(ended);
        }
    }

    pub(crate) fn to_json(&self, mark: Option<&str>) -> Value {
        let state = self.state();
        let wanted = |exchange: &&Exchange| mark.is_none() || exchange.mark.as_deref() == mark;
        let exchanges: Vec<Value> = state.exchanges.iter().filter(wanted).map(Exchange::to_json).collect();
        json!({ "total": state.total, "open": state.open, "most_open": state.most_open, "aborted": state.aborted,
            "exchanges": exchanges })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn credentials(request: &Request) -> Vec<String> {
    let headers = request.headers.iter().filter(|(name, _)| CREDENTIAL_HEADERS.contains(&name.as_str()));
    let headers = headers.map(|(_, value)| value.strip_prefix("Bearer ").unwrap_or(value).to_owned());
    headers.chain(request.query("key").map(str::to_owned)).collect()
}
