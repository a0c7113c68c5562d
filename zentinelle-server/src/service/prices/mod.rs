//! What model calls cost: the built-in list prices, and a tenant's own before them.

mod table;

use sea_orm::DatabaseTransaction;
use serde::Deserialize;
use serde_json::{Value, json};
use utoipa::ToSchema;
use zentinelle_core::audit::AuditAction;
use zentinelle_core::ids::TenantId;
use zentinelle_core::request::{Number, UsdMicros};

use super::change::Change;
use super::fields;
use crate::app::App;
use crate::auth::Caller;
use crate::clock;
use crate::http::error::ApiError;
use crate::store::entities::model_price;
use crate::store::{StoreError, prices as store};

pub(crate) use self::table::{Price, Prices};

/// What a million tokens cost. Unit: millionths of a US dollar.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Rate {
    /// Read in full.
    pub(crate) input: u64,
    /// Written.
    pub(crate) output: u64,
    /// Read from a cache; as `input` when none.
    pub(crate) cached_input: Option<u64>,
    /// Put into a cache; as `input` when none.
    pub(crate) cache_write: Option<u64>,
}

/// What a call used. Unit: tokens. Each token counts in one class: some vendors count cached
/// tokens as input too, and whoever reads their reply takes them out of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Usage {
    /// Read in full.
    pub(crate) input: u64,
    /// Read from a cache.
    pub(crate) cached_input: u64,
    /// Put into a cache for the usual short time.
    pub(crate) cache_write: u64,
    /// Put into a cache for an hour. Costs twice what is read in full, the rule of the one vendor
    /// that sells it.
    pub(crate) cache_write_hour: u64,
    /// Written, reasoning included.
    pub(crate) output: u64,
}

/// What a call costs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Cost {
    /// Unit: millionths of a US dollar.
    pub(crate) usd_micros: i64,
    /// Whether the model has a price; if not, the tenant's rule for unknown models was used.
    pub(crate) known: bool,
}

impl Usage {
    /// What was read, in every class.
    fn whole_input(&self) -> u64 {
        let written = self.cache_write.saturating_add(self.cache_write_hour);
        self.input.saturating_add(self.cached_input).saturating_add(written)
    }
}

impl Rate {
    /// What a call costs; a fraction of a millionth counts as one.
    fn cost(&self, usage: &Usage) -> i64 {
        let class = |tokens: u64, price: u64| u128::from(tokens).saturating_mul(u128::from(price));
        let sum = class(usage.input, self.input)
            .saturating_add(class(usage.output, self.output))
            .saturating_add(class(usage.cached_input, self.cached_input.unwrap_or(self.input)))
            .saturating_add(class(usage.cache_write, self.cache_write.unwrap_or(self.input)))
            .saturating_add(class(usage.cache_write_hour, self.input.saturating_mul(2)));
        i64::try_from(sum.div_ceil(1_000_000)).unwrap_or(i64::MAX)
    }

    /// The higher price in each class.
    fn and(&self, other: &Self) -> Self {
        let or_input = |rate: &Self, price: Option<u64>| price.unwrap_or(rate.input);
        Self {
            input: self.input.max(other.input),
            output: self.output.max(other.output),
            cached_input: Some(or_input(self, self.cached_input).max(or_input(other, other.cached_input))),
            cache_write: Some(or_input(self, self.cache_write).max(or_input(other, other.cache_write))),
        }
    }
}

/// The prices of a tenant.
pub(crate) async fn of_tenant(app: &App, tenant: &TenantId) -> Result<std::sync::Arc<Prices>, StoreError> {
    let load =
        async || Ok(Prices::with(store::all(app.store.db(), tenant).await?.into_iter().map(Price::from).collect()));
    app.prices.get(tenant, load).await
}

/// What a call costs at an instant. An unknown model is priced as the tenant chose, and flagged.
pub(crate) async fn cost(
    app: &App,
    tenant: &TenantId,
    provider: &str,
    model: &str,
    usage: &Usage,
    at: i64,
) -> Result<Cost, ApiError> {
    let unknown = app.snapshots.get(tenant).await?.settings.unknown_model_price;
    Ok(of_tenant(app, tenant).await?.cost(provider, model, usage, at, unknown))
}

impl From<model_price::Model> for Price {
    fn from(row: model_price::Model) -> Self {
        let amount = |micros: i64| u64::try_from(micros).unwrap_or_default();
        Self {
            rate: Rate {
                input: amount(row.input_usd_micros),
                output: amount(row.output_usd_micros),
                cached_input: row.cached_input_usd_micros.map(amount),
                cache_write: row.cache_write_usd_micros.map(amount),
            },
            long: None,
            most_output: None,
            provider: row.provider,
            model: row.model,
            effective_at: row.effective_at,
            source: row.source,
            superseded: false,
            id: Some(row.id),
        }
    }
}

/// A price of the tenant's own. Unit of the amounts: US dollars for a million tokens.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
#[serde(default)]
#[schema(as = ModelPriceInput)]
pub(crate) struct PriceInput {
    /// The vendor; empty for any, with the model `*`.
    provider: Option<String>,
    /// The model; `*` prices every model that has no price.
    model: Option<String>,
    /// Read in full. Required.
    #[schema(value_type = Option<f64>)]
    input_usd: Option<Number>,
    /// Written. Required.
    #[schema(value_type = Option<f64>)]
    output_usd: Option<Number>,
    /// Read from a cache. Default: as read in full.
    #[schema(value_type = Option<f64>)]
    cached_input_usd: Option<Number>,
    /// Put into a cache. Default: as read in full.
    #[schema(value_type = Option<f64>)]
    cache_write_usd: Option<Number>,
    /// From when on. Default: now.
    effective_at: Option<String>,
    /// Where the figures come from, such as a contract.
    source: Option<String>,
}

/// The highest price of a million tokens. Unit: millionths of a US dollar.
const MOST_PRICE: u64 = 1_000_000_000_000;

fn amount(field: &str, dollars: Option<Number>) -> Result<Option<i64>, ApiError> {
    let Some(dollars) = dollars else { return Ok(None) };
    let micros = UsdMicros::from_usd(dollars).filter(|micros| micros.0 <= MOST_PRICE);
    let micros = micros.and_then(|micros| i64::try_from(micros.0).ok());
    micros.map(Some).ok_or_else(|| ApiError::invalid(field, "must be between 0 and 1000000 US dollars"))
}

/// Sets a price; one for the same model from the same instant on is replaced.
pub(crate) async fn put(app: &App, caller: &Caller, input: PriceInput) -> Result<model_price::Model, ApiError> {
    let model = fields::required("model", input.model.as_deref(), fields::MOST_NAME)?;
    let provider = input.provider.as_deref().unwrap_or_default();
    fields::text("provider", provider, fields::MOST_NAME)?;
    if provider.trim().is_empty() && model != table::ANY {
        return Err(ApiError::invalid("provider", "is missing"));
    }
    fields::optional("source", input.source.as_deref(), fields::MOST_NAME)?;
    let needed = |field, dollars| amount(field, dollars)?.ok_or_else(|| ApiError::invalid(field, "is missing"));
    let now = clock::now_micros();
    let row = model_price::Model {
        tenant_id: caller.tenant.as_str().to_owned(),
        id: clock::new_id(),
        provider: table::vendor(provider),
        model: table::bare(&model),
        input_usd_micros: needed("input_usd", input.input_usd)?,
        output_usd_micros: needed("output_usd", input.output_usd)?,
        cached_input_usd_micros: amount("cached_input_usd", input.cached_input_usd)?,
        cache_write_usd_micros: amount("cache_write_usd", input.cache_write_usd)?,
        effective_at: fields::instant("effective_at", input.effective_at.as_deref())?.unwrap_or(now),
        source: input.source.filter(|source| !source.is_empty()).unwrap_or_else(|| "tenant".to_owned()),
        created_by: caller.actor(),
        created_at: now,
    };
    if row.model.is_empty() {
        return Err(ApiError::invalid("model", "is missing"));
    }
    let txn = app.store.begin().await?;
    let before = store::replace(&txn, row.clone()).await?;
    let changes = json!({ "before": before.as_ref().map(shown), "after": shown(&row) });
    let action = if before.is_some() { AuditAction::Update } else { AuditAction::Create };
    record(&txn, caller, action, &row, changes).await?;
    txn.commit().await?;
    app.prices_changed(&caller.tenant).await;
    Ok(row)
}

/// Takes a price of the tenant's own away.
pub(crate) async fn delete(app: &App, caller: &Caller, id: &str) -> Result<(), ApiError> {
    let txn = app.store.begin().await?;
    let row = store::take(&txn, &caller.tenant, id).await?;
    record(&txn, caller, AuditAction::Delete, &row, json!({ "before": shown(&row) })).await?;
    txn.commit().await?;
    app.prices_changed(&caller.tenant).await;
    Ok(())
}

async fn record(
    txn: &DatabaseTransaction,
    caller: &Caller,
    action: AuditAction,
    row: &model_price::Model,
    changes: Value,
) -> Result<(), StoreError> {
    let (resource_id, resource_name) = (row.id.as_str(), row.model.as_str());
    Change { caller, action, resource_type: "model_price", resource_id, resource_name, changes }.record(txn).await
}

fn shown(row: &model_price::Model) -> Value {
    json!({
        "provider": row.provider, "model": row.model, "input_usd_micros": row.input_usd_micros,
        "output_usd_micros": row.output_usd_micros, "cached_input_usd_micros": row.cached_input_usd_micros,
        "cache_write_usd_micros": row.cache_write_usd_micros, "effective_at": clock::iso(row.effective_at),
    })
}

/// Millionths of a dollar as a decimal text with six digits: exact, where a number might not be.
pub(crate) fn usd(micros: i64) -> String {
    let sign = if micros < 0 { "-" } else { "" };
    let micros = micros.unsigned_abs();
    format!("{sign}{}.{:06}", micros / 1_000_000, micros % 1_000_000)
}
