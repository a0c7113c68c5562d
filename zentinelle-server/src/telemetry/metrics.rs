//! Counters and histograms for Prometheus, each server with its own.
//!
//! | name | kind | labels |
//! | --- | --- | --- |
//! | `zentinelle_http_requests_total` | counter | `method`, `route`, `status` |
//! | `zentinelle_http_request_duration_seconds` | histogram | `method`, `route` |
//! | `zentinelle_decisions_total` | counter | `effect` |
//! | `zentinelle_decision_duration_seconds` | histogram | `effect` |
//! | `zentinelle_model_calls_total` | counter | `upstream`, `ending` |
//! | `zentinelle_model_tokens_total`, `zentinelle_model_usd_micros_total` | counter | `upstream` |
//! | `zentinelle_model_first_byte_seconds` | histogram | `upstream` |
//! | `zentinelle_ledger_errors_total` | counter | |
//! | `zentinelle_auth_failures_total` | counter | `reason` |
//! | `zentinelle_throttled_total` | counter | `bucket` |
//! | `zentinelle_throttle_keys` | gauge | |
//! | `zentinelle_connections` | gauge | |
//! | `zentinelle_connections_refused_total` | counter | |
//! | `zentinelle_journal_records_total`, `zentinelle_journal_bytes_total` | counter | |
//! | `zentinelle_journal_lag_bytes` | gauge | what waits for the database |
//! | `zentinelle_journal_refused_total`, `zentinelle_journal_sync_failures_total` | counter | |
//! | `zentinelle_journal_lost_records_total` | counter | |
//! | `zentinelle_up` | gauge | `part`: `ledger`, `journal` |
//! | `zentinelle_build_info` | gauge | `version`, `commit` |
//! | `process_resident_memory_bytes`, `process_start_time_seconds` | gauge | |
//!
//! No label holds the name of a tenant, an agent or a user.

use std::sync::{Arc, OnceLock, PoisonError, RwLock};
use std::time::Duration;

use axum::http::{Method, StatusCode};
use hashbrown::HashMap;
use metrics::{Counter, Gauge, Histogram, Key, Label, Level, Metadata, Recorder as _};
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle, PrometheusRecorder};

use crate::app::App;
use crate::auth::access::AccessTable;
use crate::http::throttle::Bucket;
use crate::ledger::health::Standing;

/// Upper ends of the buckets of decisions. Unit: seconds.
const DECISION_BUCKETS: [f64; 12] =
    [0.000_01, 0.000_025, 0.000_05, 0.000_1, 0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.05, 0.25];
/// Upper ends of the buckets of requests. Unit: seconds.
const REQUEST_BUCKETS: [f64; 11] = [0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 2.5, 10.0];
/// How often samples are folded into their buckets, so that they do not pile up when nobody scrapes.
const UPKEEP: Duration = Duration::from_secs(2);
/// Statuses with a counter of their own, kept from the first request on.
const STATUSES: [u16; 18] = [200, 201, 202, 204, 301, 304, 400, 401, 403, 404, 405, 409, 413, 415, 422, 429, 500, 503];

const METADATA: Metadata<'static> = Metadata::new("zentinelle", Level::INFO, None);

/// The metrics of one server.
#[derive(Debug)]
pub(crate) struct Metrics {
    recorder: PrometheusRecorder,
    handle: PrometheusHandle,
    routes: HashMap<String, Vec<(Method, Route)>>,
    unmatched: Route,
    /// By ending and upstream.
    models: RwLock<HashMap<&'static str, HashMap<String, Arc<ModelCalls>>>>,
    allowed: Decisions,
    denied: Decisions,
    ledger_errors: Counter,
    connections: Gauge,
    refused_connections: Counter,
    started: f64,
}

#[derive(Debug)]
struct Route {
    labels: [Label; 2],
    statuses: [OnceLock<Counter>; STATUSES.len()],
    duration: Histogram,
}

/// The series of model calls to one upstream that ended alike.
#[derive(Debug)]
struct ModelCalls {
    calls: Counter,
    tokens: Counter,
    usd_micros: Counter,
    first_byte: Histogram,
}

#[derive(Debug)]
struct Decisions {
    total: Counter,
    duration: Histogram,
}

impl Metrics {
    /// Metrics for the routes of a server.
    pub(crate) fn new(access: &AccessTable) -> Self {
        let buckets = |builder: PrometheusBuilder, name: &str, ends: &[f64]| {
            builder.set_buckets_for_metric(Matcher::Full(name.to_owned()), ends).unwrap_or_default()
        };
        let builder = PrometheusBuilder::new();
        let builder = buckets(builder, "zentinelle_decision_duration_seconds", &DECISION_BUCKETS);
        let builder = buckets(builder, "zentinelle_http_request_duration_seconds", &REQUEST_BUCKETS);
        let builder = buckets(builder, "zentinelle_model_first_byte_seconds", &REQUEST_BUCKETS);
        let recorder = builder.build_recorder();
        let handle = recorder.handle();
        describe(&recorder);
        let decisions = |effect: &'static str| {
            let labels = vec![Label::from_static_parts("effect", effect)];
            Decisions {
                total: recorder.register_counter(&key("zentinelle_decisions_total", labels.clone()), &METADATA),
                duration: recorder.register_histogram(&key("zentinelle_decision_duration_seconds", labels), &METADATA),
            }
        };
        let mut routes: HashMap<String, Vec<(Method, Route)>> = HashMap::new();
        for (path, method) in access.routes() {
            let route = Route::new(&recorder, path, method);
            routes.entry_ref(path).or_default().push((method.clone(), route));
        }
        recorder
            .register_gauge(
                &key(
                    "zentinelle_build_info",
                    vec![
                        Label::from_static_parts("version", super::VERSION),
                        Label::from_static_parts("commit", super::COMMIT),
                    ],
                ),
                &METADATA,
            )
            .set(1.0);
        Self {
            models: RwLock::default(),
            unmatched: Route::new(&recorder, "(none)", &Method::GET),
            allowed: decisions("permit"),
            denied: decisions("deny"),
            ledger_errors: recorder.register_counter(&key("zentinelle_ledger_errors_total", vec![]), &METADATA),
            connections: recorder.register_gauge(&key("zentinelle_connections", vec![]), &METADATA),
            refused_connections: recorder
                .register_counter(&key("zentinelle_connections_refused_total", vec![]), &METADATA),
            started: crate::clock::now_micros() as f64 / 1e6,
            routes,
            handle,
            recorder,
        }
    }

    /// A request was answered.
    pub(crate) fn answered(&self, route: Option<&str>, method: &Method, status: StatusCode, took: Duration) {
        let method = if method == Method::HEAD { &Method::GET } else { method };
        let of_path = route.and_then(|route| self.routes.get(route));
        let series = of_path.and_then(|methods| methods.iter().find(|(known, _)| known == method));
        let route = series.map_or(&self.unmatched, |(_, route)| route);
        route.duration.record(took.as_secs_f64());
        match STATUSES.iter().position(|known| *known == status.as_u16()) {
            Some(place) => route.statuses[place].get_or_init(|| route.counter(&self.recorder, status)).increment(1),
            None => route.counter(&self.recorder, status).increment(1),
        }
    }

    /// A decision was made.
    pub(crate) fn decided(&self, allowed: bool, took: Duration) {
        let decisions = if allowed { &self.allowed } else { &self.denied };
        decisions.total.increment(1);
        decisions.duration.record(took.as_secs_f64());
    }

    /// The ledger could not be asked.
    pub(crate) fn ledger_failed(&self) {
        self.ledger_errors.increment(1);
    }

    /// A key was not accepted.
    pub(crate) fn key_refused(&self, reason: &'static str) {
        let labels = vec![Label::from_static_parts("reason", reason)];
        self.recorder.register_counter(&key("zentinelle_auth_failures_total", labels), &METADATA).increment(1);
    }

    /// A request was one too many.
    pub(crate) fn throttled(&self, bucket: Bucket) {
        let labels = vec![Label::from_static_parts("bucket", bucket.name())];
        self.recorder.register_counter(&key("zentinelle_throttled_total", labels), &METADATA).increment(1);
    }

    /// How many connections are open, counted by the listener.
    pub(crate) fn connections(&self) -> &Gauge {
        &self.connections
    }

    /// A connection was one too many.
    pub(crate) fn connection_refused(&self) {
        self.refused_connections.increment(1);
    }

    /// Sets a gauge by name, for parts that are asked when somebody scrapes.
    pub(crate) fn gauge(&self, name: &'static str, labels: Vec<Label>, value: f64) {
        self.recorder.register_gauge(&key(name, labels), &METADATA).set(value);
    }

    /// Sets a counter that a part counts by itself.
    pub(crate) fn counter(&self, name: &'static str, value: u64) {
        self.recorder.register_counter(&key(name, vec![]), &METADATA).absolute(value);
    }

    /// A model call ended, with what it used in all and what that cost.
    pub(crate) fn model_call(
        &self,
        upstream: &str,
        ending: &'static str,
        first_byte: Option<Duration>,
        tokens: u64,
        usd_micros: i64,
    ) {
        let series = self.model_series(upstream, ending);
        series.calls.increment(1);
        series.tokens.increment(tokens);
        series.usd_micros.increment(u64::try_from(usd_micros).unwrap_or_default());
        if let Some(took) = first_byte {
            series.first_byte.record(took.as_secs_f64());
        }
    }

    /// The series of model calls to an upstream, of which there are as many as are configured.
    fn model_series(&self, upstream: &str, ending: &'static str) -> Arc<ModelCalls> {
        let known = self.models.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(series) = known.get(ending).and_then(|endings| endings.get(upstream)) {
            return Arc::clone(series);
        }
        drop(known);
        let named = || Label::new("upstream", upstream.to_owned());
        let count = |name, labels| self.recorder.register_counter(&key(name, labels), &METADATA);
        let first_byte = key("zentinelle_model_first_byte_seconds", vec![named()]);
        let series = Arc::new(ModelCalls {
            calls: count("zentinelle_model_calls_total", vec![named(), Label::from_static_parts("ending", ending)]),
            tokens: count("zentinelle_model_tokens_total", vec![named()]),
            usd_micros: count("zentinelle_model_usd_micros_total", vec![named()]),
            first_byte: self.recorder.register_histogram(&first_byte, &METADATA),
        });
        let mut known = self.models.write().unwrap_or_else(PoisonError::into_inner);
        known.entry(ending).or_default().insert(upstream.to_owned(), Arc::clone(&series));
        series
    }

    /// Everything, as Prometheus reads it.
    pub(crate) fn render(&self, app: &App) -> String {
        let journal = app.recorder.counters();
        self.counter("zentinelle_journal_records_total", journal.appended_records);
        self.counter("zentinelle_journal_bytes_total", journal.appended_bytes);
        self.counter("zentinelle_journal_refused_total", journal.refused);
        self.counter("zentinelle_journal_sync_failures_total", journal.sync_failures);
        self.counter("zentinelle_journal_lost_records_total", journal.lost_records);
        self.gauge("zentinelle_journal_lag_bytes", vec![], journal.undrained_bytes as f64);
        for (part, sound) in
            [("ledger", app.ledger.health().standing == Standing::Up), ("journal", app.recorder.is_healthy())]
        {
            let labels = vec![Label::from_static_parts("part", part)];
            self.gauge("zentinelle_up", labels, f64::from(u8::from(sound)));
        }
        self.gauge("zentinelle_throttle_keys", vec![], app.throttle.len() as f64);
        self.gauge("process_start_time_seconds", vec![], self.started);
        if let Some(bytes) = resident_bytes() {
            self.gauge("process_resident_memory_bytes", vec![], bytes as f64);
        }
        self.handle.render()
    }

    /// Folds samples into their buckets, for as long as the server runs.
    pub(crate) fn upkeep(&self) -> impl Future<Output = ()> + Send + use<> {
        let handle = self.handle.clone();
        async move {
            let mut ticks = tokio::time::interval(UPKEEP);
            loop {
                ticks.tick().await;
                handle.run_upkeep();
            }
        }
    }
}

impl Route {
    fn new(recorder: &PrometheusRecorder, path: &str, method: &Method) -> Self {
        let labels = [Label::new("method", method.to_string()), Label::new("route", path.to_owned())];
        let duration = key("zentinelle_http_request_duration_seconds", labels.to_vec());
        Self {
            statuses: [const { OnceLock::new() }; STATUSES.len()],
            duration: recorder.register_histogram(&duration, &METADATA),
            labels,
        }
    }

    fn counter(&self, recorder: &PrometheusRecorder, status: StatusCode) -> Counter {
        let mut labels = self.labels.to_vec();
        labels.push(Label::new("status", status.as_str().to_owned()));
        recorder.register_counter(&key("zentinelle_http_requests_total", labels), &METADATA)
    }
}

fn key(name: &'static str, labels: Vec<Label>) -> Key {
    Key::from_parts(name, labels)
}

fn describe(recorder: &PrometheusRecorder) {
    let counters = [
        ("zentinelle_http_requests_total", "Requests answered."),
        ("zentinelle_decisions_total", "Decisions made."),
        ("zentinelle_model_calls_total", "Model calls that ended."),
        ("zentinelle_model_tokens_total", "Tokens of model calls, of every class."),
        ("zentinelle_model_usd_micros_total", "What model calls cost, in millionths of a dollar."),
        ("zentinelle_ledger_errors_total", "Decisions for which the ledger could not be asked."),
        ("zentinelle_auth_failures_total", "Keys that were not accepted."),
        ("zentinelle_throttled_total", "Requests that were one too many."),
        ("zentinelle_connections_refused_total", "Connections closed because there were too many."),
        ("zentinelle_journal_records_total", "Records appended to the journal."),
        ("zentinelle_journal_bytes_total", "Bytes appended to the journal."),
        ("zentinelle_journal_refused_total", "Appends refused because too much waits for the database."),
        ("zentinelle_journal_sync_failures_total", "Times the disk did not confirm what was written."),
        ("zentinelle_journal_lost_records_total", "Damaged stretches of the journal that were passed over."),
    ];
    for (name, text) in counters {
        recorder.describe_counter(name.into(), None, text.into());
    }
    let gauges = [
        ("zentinelle_connections", "Open connections."),
        ("zentinelle_throttle_keys", "Credentials and addresses that are counted."),
        ("zentinelle_journal_lag_bytes", "What waits in the journal for the database."),
        ("zentinelle_up", "Whether a part of the server works."),
        ("zentinelle_build_info", "The release and the commit it was built from."),
        ("process_resident_memory_bytes", "Memory in use."),
        ("process_start_time_seconds", "When the server started."),
    ];
    for (name, text) in gauges {
        recorder.describe_gauge(name.into(), None, text.into());
    }
    recorder.describe_histogram(
        "zentinelle_model_first_byte_seconds".into(),
        None,
        "Time to a model's first byte.".into(),
    );
    recorder.describe_histogram("zentinelle_decision_duration_seconds".into(), None, "Time to decide.".into());
    recorder.describe_histogram("zentinelle_http_request_duration_seconds".into(), None, "Time to answer.".into());
}

/// The memory this process holds, where the system says so. Unit: bytes.
fn resident_bytes() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok().map(|kib| kib * 1024)
}
