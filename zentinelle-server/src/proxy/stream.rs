//! Streamed replies: watched while they flow, released as soon as it is clear that they may be.
//!
//! The body polls the provider itself, so back-pressure reaches it, and a client that leaves ends
//! the call there. Nothing is copied but into the guard, which hands out whole frames.

use std::collections::VecDeque;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http_body::{Body as HttpBody, Frame, SizeHint};
use serde_json::{Value, json};
use tokio::time::{Instant, Sleep};
use zentinelle_core::Code;
use zentinelle_core::dialect::{Framing, GuardOptions, Guarded, StreamGuard, ToolAnswer, ToolKey};

use super::exchange::Exchange;
use super::output::{Rules, Watching};
use super::refusal::Refusal;
use super::whole;

/// A reply whose client reads it piece by piece.
pub(super) struct Stream<B> {
    upstream: Option<B>,
    /// None: nothing of this reply is looked at.
    watch: Option<Watch>,
    exchange: Exchange,
    ready: VecDeque<Bytes>,
    clock: Pacer,
}

/// What looks at a stream.
pub(super) struct Watch {
    guard: StreamGuard,
    framing: Framing,
    rules: Arc<Rules>,
    watching: Watching,
    judging: Option<Judging>,
    /// Released by the guard, not yet by the policies that judge what was said so far.
    pending: Vec<Bytes>,
    /// When undecided text must leave.
    flush_at: Option<Instant>,
    over: bool,
}

/// A tool call that is being judged.
struct Judging {
    key: ToolKey,
    verdict: Pin<Box<dyn Future<Output = Verdict> + Send>>,
}

/// Whether a tool may be called, or why not, or why that could not be judged.
type Verdict = Result<Result<(), String>, Refusal>;

/// How long a provider may be silent, and when a call must be over.
struct Pacer {
    timer: Pin<Box<Sleep>>,
    idle: Duration,
    until: Instant,
    heard: Instant,
}

/// The most that is judged together. Unit: bytes.
const MOST_TOGETHER: usize = 16 * 1024;
/// Why a stream ends before its end.
const SILENT: &str = "the provider stopped answering";
const TOO_LONG: &str = "the call took longer than it may";

impl Pacer {
    fn new(idle: Duration, until: Instant) -> Self {
        let now = Instant::now();
        Self { timer: Box::pin(tokio::time::sleep_until(until.min(now + idle))), idle, until, heard: now }
    }

    /// Whether the provider's time is over, and why. Wakes the task when it will be, or at `wake`.
    fn poll(&mut self, context: &mut Context<'_>, wake: Option<Instant>) -> Poll<Option<&'static str>> {
        loop {
            let now = Instant::now();
            if now >= self.until {
                return Poll::Ready(Some(TOO_LONG));
            }
            if now >= self.heard + self.idle {
                return Poll::Ready(Some(SILENT));
            }
            if wake.is_some_and(|wake| now >= wake) {
                return Poll::Ready(None);
            }
            let next = self.until.min(self.heard + self.idle);
            let next = wake.map_or(next, |wake| next.min(wake));
            // The timer is moved only when it is due or too late: not for every piece of a stream.
            if self.timer.deadline() > next || self.timer.is_elapsed() {
                self.timer.as_mut().reset(next);
            }
            match self.timer.as_mut().poll(context) {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(()) => {}
            }
        }
    }
}

impl Watch {
    /// Watches a stream by the policies that speak of output.
    pub(super) fn new(guard: StreamGuard, framing: Framing, rules: Arc<Rules>, watching: Watching) -> Self {
        Self { guard, framing, rules, watching, judging: None, pending: Vec::new(), flush_at: None, over: false }
    }

    fn take(&mut self, bytes: &[u8]) {
        self.guard.push(bytes);
        if let Some(wait) = self.guard.flush_deadline() {
            self.flush_at.get_or_insert(Instant::now() + Duration::from_millis(wait));
        }
    }

    /// Hears what the guard says until it says nothing, or a tool call has to be judged.
    fn listen(&mut self, exchange: &mut Exchange) {
        while self.judging.is_none()
            && let Some(said) = self.guard.poll()
        {
            match said {
                Guarded::Release(bytes) => {
                    self.watching.hear(&bytes, exchange);
                    self.pending.push(bytes.into());
                }
                Guarded::JudgeTool(key, call) => {
                    exchange.tally.tool_calls.push(whole::kept(&call));
                    let facts = Arc::clone(exchange.facts());
                    let verdict = Box::pin(async move { whole::judge_tool(&facts, &call).await });
                    self.judging = Some(Judging { key, verdict });
                }
                Guarded::Found { findings, late, .. } => {
                    let found = findings.iter().map(|finding| json!({ "kind": finding.kind, "late": late }));
                    match exchange.tally.scanned.entry("found").or_insert_with(|| json!([])) {
                        Value::Array(known) if known.len() < 100 => known.extend(found),
                        _ => {}
                    }
                }
                Guarded::Cut { code, reason } => {
                    exchange.note("cut", json!({ "code": code.as_str(), "reason": reason }));
                    exchange.tally.ending = Some("cut");
                    self.over = true;
                }
                Guarded::End => {
                    // A stream that never said why it stopped may not have said all it used.
                    exchange.tally.complete = !self.guard.stops().is_empty();
                    exchange.tally.ending.get_or_insert(if exchange.tally.complete { "complete" } else { "cut_short" });
                    self.over = true;
                }
            }
        }
        exchange.tally.usage = self.guard.usage().or(exchange.tally.usage);
    }

    /// Whether what is pending should leave although more may be there already. Policies that read
    /// on judge what came together, so that one of many small pieces is not one of many judgements.
    fn may_not_wait(&self) -> bool {
        !self.watching.reads_on() || self.pending.iter().map(Bytes::len).sum::<usize>() > MOST_TOGETHER
    }

    /// Lets out what the policies have nothing against. When they do, it is dropped, and the
    /// stream ends in the words of its dialect.
    fn let_out(&mut self, exchange: &mut Exchange, ready: &mut VecDeque<Bytes>) {
        if self.pending.is_empty() {
            return;
        }
        if let Some((code, reason)) = self.watching.objection(&self.rules, exchange) {
            self.pending.clear();
            self.over = false;
            self.watching.objected();
            exchange.tally.complete = false;
            self.guard.cut(code.clone(), &reason);
            self.listen(exchange);
            if self.pending.is_empty() {
                // The guard had ended well just before; another writes the ending.
                let facts = exchange.facts();
                let options = GuardOptions { request_id: facts.request_id.clone(), ..GuardOptions::default() };
                self.guard = StreamGuard::new(&facts.route, self.framing, options);
                self.guard.cut(code, &reason);
                self.listen(exchange);
            }
            self.over = true;
        }
        ready.extend(self.pending.drain(..));
    }
}

impl<B> Stream<B>
where
    B: HttpBody<Data = Bytes> + Unpin,
    B::Error: std::fmt::Display,
{
    /// Delivers a reply within bounds of time.
    pub(super) fn new(upstream: B, watch: Option<Watch>, exchange: Exchange, idle: Duration, until: Instant) -> Self {
        Self { upstream: Some(upstream), watch, exchange, ready: VecDeque::new(), clock: Pacer::new(idle, until) }
    }

    /// The call is over: the provider need not go on, and the exchange is settled when this is dropped.
    fn hang_up(&mut self) {
        self.upstream = None;
    }

    /// The provider broke off, or took too long.
    fn broke_off(&mut self, why: &'static str, ending: &'static str) -> Option<std::io::Error> {
        self.hang_up();
        self.exchange.tally.ending = Some(ending);
        match &mut self.watch {
            Some(watch) => {
                watch.guard.abort(why);
                watch.listen(&mut self.exchange);
                self.exchange.tally.complete = false;
                self.exchange.tally.ending = Some(ending);
                watch.let_out(&mut self.exchange, &mut self.ready);
                watch.over = true;
                None
            }
            // Nobody knows how to end it in its own words, so the connection tells.
            None => Some(std::io::Error::other(why)),
        }
    }

    fn advance(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, std::io::Error>>> {
        loop {
            if let Some(bytes) = self.ready.pop_front() {
                return Poll::Ready(Some(Ok(Frame::data(bytes))));
            }
            if let Some(watch) = &mut self.watch {
                if let Some(judging) = &mut watch.judging {
                    let Poll::Ready(verdict) = judging.verdict.as_mut().poll(context) else { return Poll::Pending };
                    let answer = match verdict {
                        Ok(Ok(())) => ToolAnswer::Allow,
                        Ok(Err(reason)) => ToolAnswer::Deny(reason),
                        Err(refusal) => ToolAnswer::Deny(refusal.message),
                    };
                    let key = judging.key;
                    watch.judging = None;
                    watch.guard.answer(key, answer);
                }
                watch.listen(&mut self.exchange);
                if watch.judging.is_some() {
                    continue;
                }
                if watch.may_not_wait() {
                    watch.let_out(&mut self.exchange, &mut self.ready);
                    if !self.ready.is_empty() {
                        continue;
                    }
                }
                if watch.over {
                    watch.let_out(&mut self.exchange, &mut self.ready);
                    if self.ready.is_empty() {
                        self.hang_up();
                        return Poll::Ready(None);
                    }
                    continue;
                }
            }
            let Some(upstream) = &mut self.upstream else {
                match &mut self.watch {
                    // The provider has ended and the guard has said all it will.
                    Some(watch) => watch.over = true,
                    None => return Poll::Ready(None),
                }
                continue;
            };
            match Pin::new(upstream).poll_frame(context) {
                Poll::Ready(Some(Ok(frame))) => {
                    self.clock.heard = Instant::now();
                    let Ok(data) = frame.into_data() else { continue };
                    match &mut self.watch {
                        Some(watch) => watch.take(&data),
                        None => self.ready.push_back(data),
                    }
                }
                Poll::Ready(Some(Err(error))) => {
                    tracing::warn!(%error, "a provider's stream broke off");
                    if let Some(error) = self.broke_off("the provider's reply broke off", "broken") {
                        return Poll::Ready(Some(Err(error)));
                    }
                }
                Poll::Ready(None) => {
                    self.upstream = None;
                    match &mut self.watch {
                        Some(watch) => {
                            // While the guard still can, it ends in the stream's own names what may not go on.
                            watch.let_out(&mut self.exchange, &mut self.ready);
                            watch.guard.finish();
                        }
                        None => {
                            self.exchange.tally.complete = true;
                            self.exchange.tally.ending = Some("complete");
                        }
                    }
                }
                Poll::Pending => {
                    let mut wake = None;
                    if let Some(watch) = &mut self.watch {
                        watch.let_out(&mut self.exchange, &mut self.ready);
                        if !self.ready.is_empty() {
                            continue;
                        }
                        if watch.guard.held_bytes() == 0 {
                            watch.flush_at = None;
                        }
                        wake = watch.flush_at;
                    }
                    match self.clock.poll(context, wake) {
                        Poll::Pending => return Poll::Pending,
                        Poll::Ready(Some(why)) => {
                            let ending = if why == SILENT { "stalled" } else { "timed_out" };
                            if let Some(error) = self.broke_off(why, ending) {
                                return Poll::Ready(Some(Err(error)));
                            }
                        }
                        Poll::Ready(None) => {
                            if let Some(watch) = &mut self.watch {
                                watch.flush_at = None;
                                watch.guard.flush();
                            }
                        }
                    }
                }
            }
        }
    }
}

impl<B> HttpBody for Stream<B>
where
    B: HttpBody<Data = Bytes> + Unpin,
    B::Error: std::fmt::Display,
{
    type Data = Bytes;
    type Error = std::io::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, std::io::Error>>> {
        self.get_mut().advance(context)
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::default()
    }
}

/// The code of a stream that a policy on output cut.
pub(super) const BLOCKED: Code = Code::new("proxy.output_denied");
