//! Charging: batches become the arguments of one script, and its answer their outcomes.

use std::sync::Arc;

use redis::{RedisResult, ScriptInvocation};
use zentinelle_core::ledger::shared::{Applied, Applying, Arg, Unanswered};
use zentinelle_core::ledger::{Batch, LedgerError, Outcome};

use super::link::{Link, Shared};
use super::script::APPLY;
use super::{cold, run};

/// Charges batches that have no reservations.
pub(super) async fn committed(shared: Arc<Shared>, batches: Vec<Batch>) -> Result<Vec<Outcome>, LedgerError> {
    let outcomes = all(&shared, &batches).await?.into_iter().collect::<Option<Vec<_>>>();
    outcomes.filter(|outcomes| outcomes.len() == batches.len()).ok_or_else(garbled)
}

/// Carries out batches, one after the other, in one step. None where a reservation is open already.
pub(super) async fn all(shared: &Shared, batches: &[Batch]) -> Result<Vec<Option<Outcome>>, LedgerError> {
    let answered = run(shared, |link| over(shared, link, batches)).await?;
    answered.ok_or_else(garbled)
}

/// Redis answered something else than it was asked.
pub(super) fn garbled() -> LedgerError {
    LedgerError::Unavailable(Unanswered::Garbled.to_string())
}

/// Adds the arguments of a call.
pub(super) fn add_args(call: &mut ScriptInvocation<'_>, args: &[Arg]) {
    for arg in args {
        match arg {
            Arg::Whole(number) => call.arg(number),
            Arg::Count(number) => call.arg(number),
            Arg::Text(text) => call.arg(&**text),
        };
    }
}

async fn over(shared: &Shared, mut link: Link, batches: &[Batch]) -> RedisResult<Option<Vec<Option<Outcome>>>> {
    let applying = Applying::new(&shared.keys, &link.epoch, batches, shared.config.reservation_seconds);
    let mut call = APPLY.prepare_invoke();
    for key in applying.keys() {
        call.key(key);
    }
    add_args(&mut call, applying.args());
    let answer: String = call.invoke_async(&mut link.connection).await?;
    match applying.read(batches, answer.split('\n')) {
        Ok(Applied { outcomes, states }) => {
            let now = batches.iter().map(|batch| batch.now.as_microsecond()).max().unwrap_or_default();
            for state in states {
                shared.note(state.key, state.window, &state.text, now);
            }
            Ok(Some(outcomes))
        }
        Err(Unanswered::Cold) => Err(cold()),
        Err(Unanswered::Garbled) => Ok(None),
    }
}
