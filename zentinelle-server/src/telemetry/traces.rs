//! Traces by OpenTelemetry, when a collector is configured: one span for each request, and below
//! it one for each decision, with the names that OpenTelemetry gives to what generative AI does.
//!
//! Spans are made at the two places that have something to say, not by instrumenting everything
//! in between: a decision takes less time than a span of each of its steps would.

use std::time::{Duration, SystemTime};

use axum::http::{HeaderMap, Method, StatusCode};
use opentelemetry::propagation::{Extractor, TextMapPropagator as _};
use opentelemetry::trace::{SpanBuilder, SpanKind, Status, TraceContextExt as _, TracerProvider as _};
use opentelemetry::{Context, KeyValue};
use opentelemetry_otlp::{ExporterBuildError, Protocol, SpanExporter, WithExportConfig as _};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::propagation::TraceContextPropagator;
use opentelemetry_sdk::trace::{Sampler, SdkTracer, SdkTracerProvider};
use serde_json::Value;
use zentinelle_core::Request;
use zentinelle_core::wire::DecisionDocument;

use crate::config::Telemetry;
use crate::http::request_id;

/// Where below a collector's address traces are taken.
const TRACES: &str = "/v1/traces";
/// How long the last spans may take to be sent when the server stops.
const LAST_WORDS: Duration = Duration::from_secs(5);

/// Sends traces to a collector.
#[derive(Debug)]
pub(crate) struct Traces {
    provider: SdkTracerProvider,
    tracer: SdkTracer,
    propagator: TraceContextPropagator,
}

/// The span of a request being served.
#[derive(Debug)]
pub(crate) struct RequestSpan {
    context: Context,
    tracer: SdkTracer,
}

impl Traces {
    /// Starts sending, when a collector is configured. Whatever else an exporter may be told, such
    /// as headers, comes from the usual `OTEL_EXPORTER_OTLP_…` variables.
    pub(crate) fn start(telemetry: &Telemetry, node_id: &str) -> Result<Option<Self>, ExporterBuildError> {
        if telemetry.otlp_endpoint.is_empty() {
            return Ok(None);
        }
        super::use_ring();
        let endpoint = telemetry.otlp_endpoint.trim_end_matches('/');
        let endpoint = if endpoint.ends_with(TRACES) { endpoint.to_owned() } else { format!("{endpoint}{TRACES}") };
        let exporter =
            SpanExporter::builder().with_http().with_protocol(Protocol::HttpBinary).with_endpoint(endpoint).build()?;
        let resource = Resource::builder()
            .with_service_name(telemetry.service_name.clone())
            .with_attribute(KeyValue::new("service.version", super::VERSION))
            .with_attribute(KeyValue::new("service.instance.id", node_id.to_owned()))
            .build();
        let provider = SdkTracerProvider::builder()
            .with_batch_exporter(exporter)
            .with_resource(resource)
            .with_sampler(Sampler::ParentBased(Box::new(Sampler::TraceIdRatioBased(telemetry.sample_ratio))))
            .build();
        let tracer = provider.tracer("zentinelle");
        Ok(Some(Self { provider, tracer, propagator: TraceContextPropagator::new() }))
    }

    /// Begins the span of a request, as a part of the caller's trace if it names one.
    pub(crate) fn request(&self, method: &Method, route: Option<&str>, headers: &HeaderMap) -> Option<RequestSpan> {
        let route = route.unwrap_or("(none)");
        let parent = self.propagator.extract_with_context(&Context::new(), &Headers(headers));
        let span = SpanBuilder::from_name(format!("{method} {route}"))
            .with_kind(SpanKind::Server)
            .with_attributes([
                KeyValue::new("http.request.method", method.to_string()),
                KeyValue::new("http.route", route.to_owned()),
            ])
            .start_with_context(&self.tracer, &parent);
        let context = parent.with_span(span);
        context.span().is_recording().then(|| RequestSpan { context, tracer: self.tracer.clone() })
    }

    /// Sends what is left.
    pub(crate) fn stop(&self) {
        if let Err(error) = self.provider.shutdown_with_timeout(LAST_WORDS) {
            tracing::warn!(?error, "the last traces were not sent");
        }
    }
}

impl RequestSpan {
    /// The request was answered.
    pub(crate) fn end(&self, status: StatusCode) {
        let span = self.context.span();
        span.set_attribute(KeyValue::new("http.response.status_code", i64::from(status.as_u16())));
        if let Some(tenant) = request_id::tenant() {
            span.set_attribute(KeyValue::new("zentinelle.tenant", tenant.as_str().to_owned()));
        }
        if status.is_server_error() {
            span.set_status(Status::error(status.as_str().to_owned()));
        }
        span.end();
    }

    fn decided(&self, request: &Request, document: &DecisionDocument, took: Duration) {
        let end = SystemTime::now();
        let text = |key: &str| document.context.get(key).and_then(Value::as_str).map(str::to_owned);
        let operation = operation(request.action.name());
        let mut attributes = vec![
            KeyValue::new("gen_ai.operation.name", operation),
            KeyValue::new("gen_ai.agent.id", request.agent.agent_id.as_str().to_owned()),
            KeyValue::new("zentinelle.action", request.action.name().to_owned()),
            KeyValue::new("zentinelle.allowed", document.allowed),
            KeyValue::new("zentinelle.risk_score", i64::from(document.risk_score)),
            KeyValue::new("zentinelle.policy_set_version", document.policy_set_version.clone()),
        ];
        let facts = [
            ("gen_ai.tool.name", text("tool").or_else(|| text("tool_name"))),
            ("gen_ai.request.model", text("model")),
            ("gen_ai.provider.name", text("provider")),
            ("gen_ai.conversation.id", text("session_id")),
            ("zentinelle.code", document.code.as_ref().map(ToString::to_string)),
        ];
        attributes.extend(facts.into_iter().filter_map(|(key, text)| Some(KeyValue::new(key, text?))));
        let mut span = SpanBuilder::from_name(format!("decide {operation}"))
            .with_kind(SpanKind::Internal)
            .with_start_time(end.checked_sub(took).unwrap_or(end))
            .with_attributes(attributes)
            .start_with_context(&self.tracer, &self.context);
        opentelemetry::trace::Span::end_with_timestamp(&mut span, end);
    }
}

/// Where in a trace a model call belongs, kept until the call has ended: by then its request has.
#[derive(Clone, Debug)]
pub(crate) struct Place {
    context: Context,
    tracer: SdkTracer,
}

/// What a model call was, as OpenTelemetry names it.
#[derive(Debug)]
pub(crate) struct ModelCall<'c> {
    /// How long it took.
    pub(crate) took: Duration,
    /// `chat`, `embeddings` and so on.
    pub(crate) operation: &'c str,
    /// The vendor.
    pub(crate) provider: &'c str,
    /// The upstream that was called.
    pub(crate) upstream: &'c str,
    /// The model that was asked for.
    pub(crate) model: Option<&'c str>,
    /// The conversation.
    pub(crate) session: Option<&'c str>,
    /// Read. Unit: tokens.
    pub(crate) input: u64,
    /// Written. Unit: tokens.
    pub(crate) output: u64,
    /// Unit: millionths of a US dollar.
    pub(crate) usd_micros: i64,
    /// From the request to the first byte of the reply.
    pub(crate) first_byte: Option<Duration>,
    /// How it ended.
    pub(crate) ending: &'static str,
}

/// Where in the trace of the request being served a model call belongs, if it is traced.
pub(crate) fn place() -> Option<Place> {
    let mut place = None;
    request_id::with_span(|span| {
        place = Some(Place { context: span.context.clone(), tracer: span.tracer.clone() });
    });
    place
}

impl Place {
    /// A model call ended.
    pub(crate) fn ended(&self, call: &ModelCall<'_>) {
        let end = SystemTime::now();
        let count = |tokens: u64| i64::try_from(tokens).unwrap_or(i64::MAX);
        let mut attributes = vec![
            KeyValue::new("gen_ai.operation.name", call.operation.to_owned()),
            KeyValue::new("gen_ai.provider.name", call.provider.to_owned()),
            KeyValue::new("gen_ai.usage.input_tokens", count(call.input)),
            KeyValue::new("gen_ai.usage.output_tokens", count(call.output)),
            KeyValue::new("zentinelle.upstream", call.upstream.to_owned()),
            KeyValue::new("zentinelle.usd_micros", call.usd_micros),
            KeyValue::new("zentinelle.ending", call.ending),
        ];
        let texts = [("gen_ai.request.model", call.model), ("gen_ai.conversation.id", call.session)];
        attributes.extend(texts.into_iter().filter_map(|(key, text)| Some(KeyValue::new(key, text?.to_owned()))));
        attributes
            .extend(call.first_byte.map(|took| KeyValue::new("zentinelle.first_byte_ms", took.as_secs_f64() * 1e3)));
        if call.ending != "complete" {
            attributes.push(KeyValue::new("error.type", call.ending));
        }
        let name = format!("{} {}", call.operation, call.model.unwrap_or_default());
        let mut span = SpanBuilder::from_name(name.trim_end().to_owned())
            .with_kind(SpanKind::Client)
            .with_start_time(end.checked_sub(call.took).unwrap_or(end))
            .with_attributes(attributes)
            .start_with_context(&self.tracer, &self.context);
        opentelemetry::trace::Span::end_with_timestamp(&mut span, end);
    }
}

/// Adds a decision to the trace of the request being served, if it is traced.
pub(crate) fn decided(request: &Request, document: &DecisionDocument, took: Duration) {
    request_id::with_span(|span| span.decided(request, document, took));
}

/// The name OpenTelemetry has for what an agent attempts.
fn operation(action: &str) -> &'static str {
    match action {
        "llm:invoke" | "llm_call" | "model_call" => "chat",
        "spawn" => "create_agent",
        action if action.starts_with("tool") => "execute_tool",
        _ => "invoke_agent",
    }
}

struct Headers<'h>(&'h HeaderMap);

impl Extractor for Headers<'_> {
    fn get(&self, key: &str) -> Option<&str> {
        self.0.get(key).and_then(|value| value.to_str().ok())
    }

    fn keys(&self) -> Vec<&str> {
        self.0.keys().map(axum::http::HeaderName::as_str).collect()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use axum::body::{Body, Bytes};
    use axum::http::Request;
    use serde_json::json;

    use crate::testing::TestServer;

    /// A collector that keeps what it is sent.
    async fn collector() -> (String, Arc<Mutex<Vec<u8>>>) {
        let kept = Arc::new(Mutex::new(Vec::new()));
        let keep = Arc::clone(&kept);
        let take = move |body: Bytes| async move { keep.lock().expect("kept").extend_from_slice(&body) };
        let routes = axum::Router::new().route("/v1/traces", axum::routing::post(take));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        tokio::spawn(async move { axum::serve(listener, routes).await });
        (format!("http://{address}"), kept)
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_decision_is_a_part_of_the_callers_trace_and_shows_no_secret() {
        let (endpoint, kept) = collector().await;
        let server = TestServer::configured(|config| config.telemetry.otlp_endpoint = endpoint.as_str().into()).await;
        let key = server.agent("traced-agent").await;
        server.policy("tool_permission", json!({"denied_tools": ["shell"]})).await;
        let body = json!({"action": "tool_call", "context": {"tool": "shell", "input": "a private text"}});
        let request = Request::post("/api/v1/evaluate")
            .header("x-zentinelle-key", &key)
            .header("content-type", "application/json")
            .header("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")
            .body(Body::from(body.to_string()))
            .expect("a request");
        assert!(server.answer(request).await.status().is_success());
        server.app.shutdown().await;
        let sent = kept.lock().expect("kept").clone();
        let holds = |text: &[u8]| memchr::memmem::find(&sent, text).is_some();
        for text in [
            "POST /api/v1/evaluate",
            "decide execute_tool",
            "gen_ai.agent.id",
            "traced-agent",
            "gen_ai.tool.name",
            "zentinelle.code",
            "http.response.status_code",
        ] {
            assert!(holds(text.as_bytes()), "{text} was not sent");
        }
        assert!(holds(&[0x0a, 0xf7, 0x65, 0x19, 0x16, 0xcd, 0x43, 0xdd]), "another trace than the caller's");
        for secret in [key.as_str(), "a private text"] {
            assert!(!holds(secret.as_bytes()), "a secret was sent");
        }
    }
}
