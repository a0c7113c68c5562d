//! `prices`: what model calls cost.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::app::App;
use crate::auth::Caller;
use crate::clock;
use crate::http::error::{ApiError, ErrorBody};
use crate::http::extract::{JsonBody, PathId, Query};
use crate::service::prices::{self, PriceInput, usd};
use crate::store::entities::model_price;

/// Which prices are wanted.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct PricesQuery {
    /// Of this vendor.
    provider: Option<String>,
    /// Of this model.
    model: Option<String>,
}

/// The prices, the tenant's own before the built-in ones.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PriceList {
    /// How many there are.
    count: usize,
    /// The prices.
    results: Vec<Price>,
}

/// What a million tokens of a model cost. Unit of the amounts: US dollars.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ModelPrice)]
pub(crate) struct Price {
    /// Of the tenant's own, its id; null for a built-in one.
    id: Option<String>,
    /// The vendor.
    provider: String,
    /// The model.
    model: String,
    /// Read in full.
    input_usd: String,
    /// Written.
    output_usd: String,
    /// Read from a cache.
    cached_input_usd: String,
    /// Put into a cache.
    cache_write_usd: String,
    /// The prices of a call with a long input.
    #[serde(skip_serializing_if = "Option::is_none")]
    long: Option<LongPrice>,
    /// From when on.
    effective_at: String,
    /// Where the figures come from.
    source: String,
    /// `tenant` or `built_in`.
    origin: &'static str,
}

/// What a million tokens cost once the input is long. Unit of the amounts: US dollars.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = LongModelPrice)]
pub(crate) struct LongPrice {
    /// From how much input on. Unit: tokens.
    above_input_tokens: u64,
    /// Read in full.
    input_usd: String,
    /// Written.
    output_usd: String,
}

fn amount(micros: u64) -> String {
    usd(i64::try_from(micros).unwrap_or(i64::MAX))
}

impl From<&prices::Price> for Price {
    fn from(price: &prices::Price) -> Self {
        let rate = &price.rate;
        Self {
            id: price.id.clone(),
            provider: price.provider.clone(),
            model: price.model.clone(),
            input_usd: amount(rate.input),
            output_usd: amount(rate.output),
            cached_input_usd: amount(rate.cached_input.unwrap_or(rate.input)),
            cache_write_usd: amount(rate.cache_write.unwrap_or(rate.input)),
            long: price.long.as_ref().map(|(above, rate)| LongPrice {
                above_input_tokens: *above,
                input_usd: amount(rate.input),
                output_usd: amount(rate.output),
            }),
            effective_at: clock::iso(price.effective_at),
            source: price.source.clone(),
            origin: if price.id.is_some() { "tenant" } else { "built_in" },
        }
    }
}

impl From<model_price::Model> for Price {
    fn from(row: model_price::Model) -> Self {
        Self::from(&prices::Price::from(row))
    }
}

/// What model calls cost.
#[utoipa::path(
    get, path = "/api/zentinelle/v1/prices", tag = "models", operation_id = "list_prices", params(PricesQuery),
    responses(
        (status = 200, description = "The prices", body = PriceList),
        (status = "4XX", description = "The query is not valid", body = ErrorBody),
    ),
    security(("operator_key" = ["prices:read"]))
)]
pub(crate) async fn list(
    State(app): State<Arc<App>>,
    caller: Caller,
    Query(query): Query<PricesQuery>,
) -> Result<Json<PriceList>, ApiError> {
    let table = prices::of_tenant(&app, &caller.tenant).await?;
    let wanted = |price: &&prices::Price| {
        query.provider.as_ref().is_none_or(|provider| *provider == price.provider)
            && query.model.as_ref().is_none_or(|model| *model == price.model)
    };
    let results: Vec<Price> = table.rows().filter(wanted).map(Price::from).collect();
    Ok(Json(PriceList { count: results.len(), results }))
}

/// Sets a price of the tenant's own. One for the same model and instant is replaced.
#[utoipa::path(
    put, path = "/api/zentinelle/v1/prices", tag = "models", operation_id = "put_price", request_body = PriceInput,
    responses(
        (status = 200, description = "The price", body = Price),
        (status = "4XX", description = "The price is not valid", body = ErrorBody),
    ),
    security(("operator_key" = ["prices:write"]))
)]
pub(crate) async fn put(
    State(app): State<Arc<App>>,
    caller: Caller,
    JsonBody(input): JsonBody<PriceInput>,
) -> Result<Json<Price>, ApiError> {
    Ok(Json(prices::put(&app, &caller, input).await?.into()))
}

/// Takes a price of the tenant's own away; the built-in one counts again.
#[utoipa::path(
    delete, path = "/api/zentinelle/v1/prices/{id}", tag = "models", operation_id = "delete_price",
    params(("id" = String, Path, description = "The price's id")),
    responses(
        (status = 204, description = "It is gone"),
        (status = "4XX", description = "There is no such price of the tenant's own", body = ErrorBody),
    ),
    security(("operator_key" = ["prices:write"]))
)]
pub(crate) async fn delete(
    State(app): State<Arc<App>>,
    caller: Caller,
    PathId(id): PathId,
) -> Result<StatusCode, ApiError> {
    prices::delete(&app, &caller, &id).await?;
    Ok(StatusCode::NO_CONTENT)
}
