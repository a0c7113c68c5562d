//! A Redis that lost its running totals gets them back before it is charged again.
//!
//! Redis holds an *epoch*: a word that names the run of the server it was written to. Every
//! script asks for it, so a Redis that was flushed, restarted empty or replaced refuses every
//! batch, and a link checks it, so one that came back with an older snapshot is not charged
//! either. Then each server pushes the totals it has seen; whoever holds a lock in Redis adds
//! those the database knows, waits until every live server has pushed or a grace time is over,
//! and begins a new epoch. Totals are only ever raised. While the database is away too, there is
//! no recovery, and the ledger stays away.
//!
//! What remains possible: charges known only to a server that died within the last moments
//! before the loss, and that its journal has not brought to the database, are forgotten until
//! its next start drains it; the same for a live server that cannot reach Redis during the
//! grace time, which pushes when it can. Windows shorter than an hour start anew. A reservation
//! that was open stays charged as reserved: what it settles at is no longer known. Totals may
//! come back higher than they were, where a reservation had been settled for less since.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use redis::aio::MultiplexedConnection;
use redis::{ErrorKind, RedisError, RedisResult};
use uuid::Uuid;
use zentinelle_core::ledger::Window;
use zentinelle_core::ledger::shared::keys::{expiry, kind, until};

use super::link::Shared;
use super::script::{FINISH, HOLD, MERGE, PUSHED};
use super::state::state_text;
use crate::ledger::rows;
use crate::ledger::total::Total;

/// How long the lock outlives a server that died with it. Unit: milliseconds.
const LOCK_MILLIS: u64 = 3_000;
/// How often a waiting server looks again.
const POLL: Duration = Duration::from_millis(25);
/// Totals per script, so that none keeps Redis busy for long.
const CHUNK: usize = 200;
/// Totals read from the database at a time.
const PAGE: u64 = 1_000;

/// Which run of Redis this is: another one after every start.
pub(super) async fn run_of(connection: &mut MultiplexedConnection) -> RedisResult<String> {
    let info: String = redis::cmd("INFO").arg("server").query_async(connection).await?;
    field(&info, "run_id").map(str::to_owned).ok_or_else(|| failed("it does not tell its run id"))
}

/// Says so when Redis is set up to forget totals for want of memory, which nothing here would notice.
pub(super) async fn warn_of_eviction(connection: &mut MultiplexedConnection) -> RedisResult<()> {
    let info: String = redis::cmd("INFO").arg("memory").query_async(connection).await?;
    let (policy, most) = (field(&info, "maxmemory_policy"), field(&info, "maxmemory"));
    if policy.is_some_and(|policy| policy != "noeviction") && most.is_some_and(|most| most != "0") {
        tracing::warn!(policy, "Redis may forget running totals: set its `maxmemory-policy` to `noeviction`");
    }
    Ok(())
}

fn field<'i>(info: &'i str, name: &str) -> Option<&'i str> {
    info.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':')).map(str::trim)
}

/// The epoch, if there is one and it belongs to this run.
pub(super) async fn epoch_of(
    shared: &Shared,
    connection: &mut MultiplexedConnection,
    run: &str,
) -> RedisResult<Option<String>> {
    let epoch: Option<String> = redis::cmd("GET").arg(shared.keys.epoch()).query_async(connection).await?;
    Ok(epoch.filter(|epoch| epoch.split_once(':').is_some_and(|(of, _)| of == run)))
}

/// Waits for, or leads, a recovery. Returns the new epoch.
pub(super) async fn recover(shared: &Shared, connection: &mut MultiplexedConnection, run: &str) -> RedisResult<String> {
    let (lock, pushed) = (shared.keys.recovery(run, "lock"), shared.keys.recovery(run, "pushed"));
    let token = Uuid::now_v7().to_string();
    loop {
        let has_pushed: bool =
            redis::cmd("SISMEMBER").arg(&pushed).arg(&shared.config.node).query_async(connection).await?;
        // Looked at last: who begins the epoch forgets who pushed.
        if let Some(epoch) = epoch_of(shared, connection, run).await? {
            return Ok(epoch);
        }
        if !has_pushed && !push_and_say_so(shared, connection, run, &pushed).await? {
            continue;
        }
        let locked: Option<String> = redis::cmd("SET")
            .arg(&lock)
            .arg(&token)
            .arg("NX")
            .arg("PX")
            .arg(LOCK_MILLIS)
            .query_async(connection)
            .await?;
        if locked.is_some()
            && let Some(epoch) = lead(shared, connection, run, &token).await?
        {
            return Ok(epoch);
        }
        tokio::time::sleep(POLL).await;
    }
}

/// Pushes what this server has seen. False where Redis lost even that again meanwhile.
async fn push_and_say_so(
    shared: &Shared,
    connection: &mut MultiplexedConnection,
    run: &str,
    pushed: &str,
) -> RedisResult<bool> {
    let node = &shared.config.node;
    let mark = shared.keys.recovery(run, &format!("mark:{node}"));
    let word = Uuid::now_v7().to_string();
    let () = redis::cmd("SET").arg(&mark).arg(&word).arg("PX").arg(60_000).query_async(connection).await?;
    push_mirror(shared, connection).await?;
    PUSHED.key(&mark).key(pushed).arg(word).arg(node).invoke_async(connection).await
}

/// Brings Redis to what all know, and begins an epoch. None where somebody else must try.
async fn lead(
    shared: &Shared,
    connection: &mut MultiplexedConnection,
    run: &str,
    token: &str,
) -> RedisResult<Option<String>> {
    let (lock, pushed) = (shared.keys.recovery(run, "lock"), shared.keys.recovery(run, "pushed"));
    let begun = Instant::now();
    if !push_database(shared, connection, &lock, token).await? {
        return Ok(None);
    }
    loop {
        let have: BTreeSet<String> = redis::cmd("SMEMBERS").arg(&pushed).query_async(connection).await?;
        // A server that cannot tell who else lives waits for the whole grace time.
        let all_pushed = (shared.live)().await.is_some_and(|live| live.is_subset(&have));
        if all_pushed || begun.elapsed() >= shared.config.grace {
            break;
        }
        tokio::time::sleep(POLL).await;
        if !hold(connection, &lock, token).await? {
            return Ok(None);
        }
    }
    let epoch = format!("{run}:{}", Uuid::now_v7());
    let finished: bool = FINISH
        .key(lock)
        .key(pushed)
        .key(shared.keys.epoch())
        .arg(token)
        .arg(&shared.config.node)
        .arg(&epoch)
        .invoke_async(connection)
        .await?;
    if finished {
        tracing::info!(waited_ms = begun.elapsed().as_millis(), "the running totals in Redis are complete again");
    }
    Ok(finished.then_some(epoch))
}

async fn hold(connection: &mut MultiplexedConnection, lock: &str, token: &str) -> RedisResult<bool> {
    HOLD.key(lock).arg(token).arg(LOCK_MILLIS).invoke_async(connection).await
}

/// Pushes the totals this server has seen.
pub(super) async fn push_mirror(shared: &Shared, connection: &mut MultiplexedConnection) -> RedisResult<()> {
    let now = Timestamp::now().as_microsecond();
    let seen = shared.mirror.running(now);
    for totals in seen.chunks(CHUNK) {
        push(connection, totals, now).await?;
    }
    Ok(())
}

/// Pushes the totals the database knows. False where the lock was lost.
async fn push_database(
    shared: &Shared,
    connection: &mut MultiplexedConnection,
    lock: &str,
    token: &str,
) -> RedisResult<bool> {
    let Some(store) = &shared.store else { return Ok(true) };
    let now = Timestamp::now().as_microsecond();
    let mut after: Option<String> = None;
    loop {
        let page = rows::running(store.db(), now, after.as_deref(), PAGE).await.map_err(|error| {
            tracing::debug!(?error, "the database failed a recovery");
            failed("the database could not tell the running totals")
        })?;
        let Some((last, _)) = page.last() else { return Ok(true) };
        after = Some(last.clone());
        let totals: Vec<_> = page
            .into_iter()
            .map(|(_, row)| (shared.keys.total(&row.counter, row.window), row.window, row.total))
            .collect();
        for totals in totals.chunks(CHUNK) {
            push(connection, totals, now).await?;
        }
        if !hold(connection, lock, token).await? {
            return Ok(false);
        }
    }
}

async fn push(connection: &mut MultiplexedConnection, totals: &[(String, Window, Total)], now: i64) -> RedisResult<()> {
    // Scripts stay within one tenant, so that they stay within one node where keys are spread.
    for totals in totals.chunk_by(|(a, ..), (b, ..)| tag_of(a) == tag_of(b)) {
        let mut call = MERGE.prepare_invoke();
        call.arg(now);
        for (key, window, total) in totals {
            let expiry = match total {
                Total::Open { end, .. } => until(*end, now),
                Total::Sliding { .. } => expiry(*window, now),
            };
            call.key(key).arg(kind(*window)).arg(state_text(total)).arg(expiry);
        }
        let _: i64 = call.invoke_async(connection).await?;
    }
    Ok(())
}

fn tag_of(key: &str) -> &str {
    key.split_once('}').map_or(key, |(tag, _)| tag)
}

fn failed(why: &'static str) -> RedisError {
    RedisError::from((ErrorKind::Client, why))
}
