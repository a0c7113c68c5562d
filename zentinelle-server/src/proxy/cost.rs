//! What a call can cost at most before it is made, and what it cost once that is known.

use axum::http::StatusCode;
use zentinelle_core::dialect::{self, Call, Operation};

use super::refusal::Refusal;
use super::upstream::Upstream;
use crate::app::App;
use crate::clock;
use crate::service::prices::{self, Usage};
use crate::snapshot::{FailMode, Snapshot};

/// What a model that is not in the table may answer at most. Unit: tokens.
const MOST_OUTPUT: u64 = 128_000;

/// The most a call can use and cost.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Worst {
    /// Read. Unit: tokens.
    pub(crate) input: u64,
    /// Written, in all answers. Unit: tokens.
    pub(crate) output: u64,
    /// Unit: millionths of a US dollar.
    pub(crate) usd_micros: i64,
}

impl Worst {
    /// All tokens.
    pub(crate) fn tokens(&self) -> u64 {
        self.input.saturating_add(self.output)
    }
}

/// Prices a call at the most it can use. A model without a price is refused, unless the tenant
/// wants such calls priced by its rule; never is it free.
pub(crate) async fn worst(
    app: &App,
    snapshot: &Snapshot,
    upstream: &Upstream,
    model: Option<&str>,
    call: &Call,
    input: u64,
) -> Result<Worst, Refusal> {
    let operation = call.route.operation;
    if matches!(operation, Operation::CountMessageTokens | Operation::CountTokens) {
        return Ok(Worst::default()); // counting is free
    }
    let model = model.unwrap_or_default();
    let table = prices::of_tenant(app, &snapshot.tenant).await?;
    let now = clock::now_micros();
    let price = table.of(&upstream.vendor, model, now);
    if !price.is_set() && snapshot.settings.proxy.unpriced_model == FailMode::Deny {
        let message = format!(
            "model `{model}` has no price: set one for it, or set `proxy.unpriced_model` to `permit` to charge it as the dearest"
        );
        return Err(Refusal::new(StatusCode::FORBIDDEN, "unpriced_model", message));
    }
    let output = if operation.generates() {
        let asked = call.max_output_tokens.unwrap_or_else(|| price.most_output().unwrap_or(MOST_OUTPUT));
        asked.saturating_mul(call.choices.max(1))
    } else {
        0
    };
    let cost = |usage: Usage| price.cost(&usage, snapshot.settings.unknown_model_price);
    // Input that is put into a cache costs more than input that is not. Only the caller's wish
    // for a longer stay costs yet more.
    let classes =
        [Usage { input, output, ..Usage::default() }, Usage { cache_write: input, output, ..Usage::default() }];
    let longer = call.cached_long.then(|| Usage { cache_write_hour: input, output, ..Usage::default() });
    let dearest = classes.into_iter().chain(longer).map(|usage| cost(usage).usd_micros).max();
    let usd_micros = dearest.unwrap_or(i64::MAX);
    Ok(Worst { input, output, usd_micros })
}

/// What a reply says was used, in the classes of the price table.
pub(crate) fn priced(usage: &dialect::Usage) -> Usage {
    Usage {
        input: usage.input,
        cached_input: usage.cached_read,
        cache_write: usage.cached_write,
        cache_write_hour: usage.cached_write_long,
        output: usage.all_output(),
    }
}
