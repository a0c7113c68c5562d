//! The two tasks of a bus with a wire: one listens and renews the connection, the other shows it
//! to be alive and settles what is owed.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::time::{Instant, MissedTickBehavior, interval, sleep, timeout};

use super::link::Listener;
use super::notice::{Envelope, What};
use super::{Received, Shared};

/// The first and the longest pause between two attempts to connect.
const PAUSES: (Duration, Duration) = (Duration::from_millis(50), Duration::from_secs(2));
/// Unreadable texts make subscribers read everything again this often at most.
const UNREADABLE_EVERY: Duration = Duration::from_secs(1);

/// Hands what comes in to the subscribers, for ever.
pub(super) async fn listen(shared: Arc<Shared>) {
    let Some(link) = &shared.link else { return };
    let mut pause = PAUSES.0;
    loop {
        match link.listen().await {
            Ok(listener) => {
                pause = PAUSES.0;
                // Only now, so that nothing can fall between the reading and the listening.
                shared.broadcast(Received::Resync);
                shared.connected.send_replace(true);
                hear(&shared, listener).await;
                shared.connected.send_replace(false);
                tracing::warn!("the connection for notices is lost and will be renewed");
            }
            Err(error) => tracing::warn!(%error, "no connection for notices"),
        }
        sleep(pause).await;
        pause = (pause * 2).min(PAUSES.1);
    }
}

/// Returns when the connection is lost, or too silent to be alive.
async fn hear(shared: &Shared, mut listener: Listener) {
    let mut unreadable_at: Option<Instant> = None; // when subscribers are to hear of it
    loop {
        let silence = shared.timing.silence;
        let wait = unreadable_at.map_or(silence, |at| at.saturating_duration_since(Instant::now()).min(silence));
        let text = timeout(wait, listener.next()).await;
        if unreadable_at.is_some_and(|at| at <= Instant::now()) {
            unreadable_at = None;
            shared.broadcast(Received::Resync);
            if text.is_err() {
                continue; // that wait was not for the connection
            }
        }
        let Ok(Some(text)) = text else { return };
        match Envelope::decode(&text) {
            Some(envelope) if envelope.from != shared.from => shared.deliver(&envelope.what),
            Some(Envelope { what: What::Ping, .. }) => {}
            Some(envelope) => shared.deliver_own(&envelope),
            None => {
                // Perhaps of a newer release, about something that matters here as well.
                tracing::warn!(bytes = text.len(), "a notice cannot be read");
                unreadable_at.get_or_insert_with(|| Instant::now() + UNREADABLE_EVERY);
            }
        }
    }
}

/// Sends to itself so that the listener hears something, and asks the others to read everything
/// again when something could not be sent to them.
pub(super) async fn beat(shared: Arc<Shared>) {
    let Some(link) = &shared.link else { return };
    let mut beats = interval(shared.timing.beat);
    beats.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        beats.tick().await;
        let owed = shared.owed.swap(false, Ordering::AcqRel);
        let envelope = shared.envelope(if owed { What::Resync } else { What::Ping });
        if owed {
            shared.remember(&envelope); // those here got the notices themselves
        }
        if let Err(error) = link.send(envelope.encode()).await {
            tracing::debug!(%error, "no sign of life could be sent");
            if owed {
                shared.owe();
            }
        }
    }
}
