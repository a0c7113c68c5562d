//! The log: lines of text or JSON on standard output.

use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::format::FmtSpan;

use crate::config::{Log, LogFormat};

/// Starts the log of this process, with colours where its reader sees them. A second start changes nothing.
pub(crate) fn start(log: &Log, colored: bool) {
    let filter = EnvFilter::try_new(&log.level).unwrap_or_else(|_| EnvFilter::new("info"));
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_span_events(FmtSpan::NONE);
    let started = match log.format {
        LogFormat::Text => builder.with_target(false).with_ansi(colored).try_init(),
        LogFormat::Json => builder.json().flatten_event(true).with_current_span(false).with_span_list(false).try_init(),
    };
    if started.is_ok() {
        log_panics();
    }
}

/// A panic is one line of the log like any other fault. Its text may hold what a request said, so
/// it is shown only to those who turn `debug` on.
fn log_panics() {
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(ToString::to_string).unwrap_or_default();
        tracing::error!(place, "a part of the server panicked");
        let text = panic.payload_as_str().unwrap_or("not a text");
        tracing::debug!(place, text, "what it said");
    }));
}
