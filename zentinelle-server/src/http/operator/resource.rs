//! What things that are made, read, changed and removed by their id have in common.

use serde::Deserialize;
use utoipa::IntoParams;

/// Which page is wanted.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct PageQuery {
    /// How many. Default: 100, at most 500.
    pub(super) limit: Option<u64>,
    /// The `next_cursor` of the page before.
    pub(super) cursor: Option<String>,
}

/// The five routes of a resource, with their documentation: `list`, `create`, `get`, `update`, `delete`.
///
/// The service has a function of each name. `page` is a struct of `count`, `next_cursor` and `results`, `shown` is made
/// from a row, and `input` is what is made or changed, where what is left out stays.
macro_rules! resource {
    (
        path: $path:literal, tag: $tag:literal, operations: $one_id:literal / $many_id:literal, noun: $article:literal $noun:literal,
        permissions: $permission:literal, service: $service:ident, shown: $shown:ident, page: $page:ident, input: $input:ident $(,)?
    ) => {
        #[utoipa::path(
            get, path = $path, tag = $tag, operation_id = concat!("list_", $many_id), summary = concat!("The ", $noun, "s."),
            params($crate::http::operator::resource::PageQuery),
            responses(
                (status = 200, description = concat!("A page of ", $noun, "s"), body = $page),
                (status = "4XX", description = "The query is not valid", body = $crate::http::error::ErrorBody),
            ),
            security(("operator_key" = [concat!($permission, ":read")]))
        )]
        pub(crate) async fn list(
            axum::extract::State(app): axum::extract::State<std::sync::Arc<$crate::app::App>>,
            caller: $crate::auth::Caller,
            $crate::http::extract::Query(query): $crate::http::extract::Query<$crate::http::operator::resource::PageQuery>,
        ) -> Result<axum::Json<$page>, $crate::http::error::ApiError> {
            let page = $crate::http::listing::page(query.limit, None, query.cursor.as_deref(), 100, 500)?;
            let found = $service::list(&app, &caller, &page).await?.map($shown::from);
            Ok(axum::Json($page { count: found.total, next_cursor: found.next, results: found.rows }))
        }

        #[utoipa::path(
            post, path = $path, tag = $tag, operation_id = concat!("create_", $one_id),
            summary = concat!("Makes ", $article, " ", $noun, "."), request_body = $input,
            responses(
                (status = 201, description = concat!("The ", $noun), body = $shown),
                (status = "4XX", description = concat!("The ", $noun, " is not valid, or its name is taken"),
                    body = $crate::http::error::ErrorBody),
            ),
            security(("operator_key" = [concat!($permission, ":write")]))
        )]
        pub(crate) async fn create(
            axum::extract::State(app): axum::extract::State<std::sync::Arc<$crate::app::App>>,
            caller: $crate::auth::Caller,
            $crate::http::extract::JsonBody(input): $crate::http::extract::JsonBody<$input>,
        ) -> Result<(axum::http::StatusCode, axum::Json<$shown>), $crate::http::error::ApiError> {
            let made = $service::create(&app, &caller, input).await?;
            Ok((axum::http::StatusCode::CREATED, axum::Json(made.into())))
        }

        #[utoipa::path(
            get, path = concat!($path, "/{id}"), tag = $tag, operation_id = concat!("get_", $one_id),
            summary = concat!("One ", $noun, "."), params(("id" = String, Path, description = "The id")),
            responses(
                (status = 200, description = concat!("The ", $noun), body = $shown),
                (status = "4XX", description = concat!("There is no such ", $noun), body = $crate::http::error::ErrorBody),
            ),
            security(("operator_key" = [concat!($permission, ":read")]))
        )]
        pub(crate) async fn get(
            axum::extract::State(app): axum::extract::State<std::sync::Arc<$crate::app::App>>,
            caller: $crate::auth::Caller,
            $crate::http::extract::PathId(id): $crate::http::extract::PathId,
        ) -> Result<axum::Json<$shown>, $crate::http::error::ApiError> {
            Ok(axum::Json($service::get(&app, &caller, &id).await?.into()))
        }

        #[utoipa::path(
            patch, path = concat!($path, "/{id}"), tag = $tag, operation_id = concat!("update_", $one_id),
            summary = concat!("Changes ", $article, " ", $noun, "; what is left out stays."),
            params(("id" = String, Path, description = "The id")), request_body = $input,
            responses(
                (status = 200, description = concat!("The ", $noun), body = $shown),
                (status = "4XX", description = concat!("There is no such ", $noun, ", or it cannot be changed so"),
                    body = $crate::http::error::ErrorBody),
            ),
            security(("operator_key" = [concat!($permission, ":write")]))
        )]
        pub(crate) async fn update(
            axum::extract::State(app): axum::extract::State<std::sync::Arc<$crate::app::App>>,
            caller: $crate::auth::Caller,
            $crate::http::extract::PathId(id): $crate::http::extract::PathId,
            $crate::http::extract::JsonBody(input): $crate::http::extract::JsonBody<$input>,
        ) -> Result<axum::Json<$shown>, $crate::http::error::ApiError> {
            Ok(axum::Json($service::update(&app, &caller, &id, input).await?.into()))
        }

        #[utoipa::path(
            delete, path = concat!($path, "/{id}"), tag = $tag, operation_id = concat!("delete_", $one_id),
            summary = concat!("Removes ", $article, " ", $noun, "."), params(("id" = String, Path, description = "The id")),
            responses(
                (status = 204, description = "It is gone"),
                (status = "4XX", description = concat!("There is no such ", $noun), body = $crate::http::error::ErrorBody),
            ),
            security(("operator_key" = [concat!($permission, ":write")]))
        )]
        pub(crate) async fn delete(
            axum::extract::State(app): axum::extract::State<std::sync::Arc<$crate::app::App>>,
            caller: $crate::auth::Caller,
            $crate::http::extract::PathId(id): $crate::http::extract::PathId,
        ) -> Result<axum::http::StatusCode, $crate::http::error::ApiError> {
            $service::delete(&app, &caller, &id).await?;
            Ok(axum::http::StatusCode::NO_CONTENT)
        }
    };
}

pub(super) use resource;
