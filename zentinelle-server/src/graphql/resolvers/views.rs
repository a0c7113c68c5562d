//! Saved views.

use serde::Deserialize;
use serde_json::{Value, json};

use crate::graphql::ask::{Ask, ById, Id, Resolvers};
use crate::http::error::ApiError;
use crate::service::saved_views::{self, Input};

pub(super) fn register(to: &mut Resolvers) {
    to.query("savedViews", async |ask: Ask, args: Listed| {
        let page = args.page.as_deref().filter(|page| !page.is_empty());
        let rows = saved_views::list(&ask.app, &ask.caller, page).await?;
        let me = ask.caller.actor();
        let view = |row: crate::store::entities::saved_view::Model| {
            json!({ "id": row.id, "page": row.page, "name": row.name, "query": row.query, "shared": row.shared,
                "isDefault": row.is_default, "mine": row.owner == me })
        };
        Ok::<_, ApiError>(rows.into_iter().map(view).collect::<Vec<_>>())
    });
    to.mutation("saveView", async |ask: Ask, args: Save| -> Result<Value, ApiError> {
        let id = args.id.as_ref().map(|id| id.known("saved view").map(str::to_owned)).transpose()?;
        let input = Input {
            id,
            page: args.page,
            name: args.name,
            query: args.query,
            shared: args.shared.unwrap_or_default(),
            is_default: args.is_default.unwrap_or_default(),
        };
        Ok(json!({ "id": saved_views::save(&ask.app, &ask.caller, input).await?.id }))
    });
    to.mutation("deleteView", async |ask: Ask, args: ById| -> Result<Value, ApiError> {
        saved_views::delete(&ask.app, &ask.caller, args.id.known("saved view")?).await?;
        Ok(json!({ "id": args.id.0 }))
    });
}

#[derive(Deserialize)]
struct Listed {
    #[serde(default)]
    page: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Save {
    #[serde(default)]
    id: Option<Id>,
    page: String,
    name: String,
    query: String,
    #[serde(default)]
    shared: Option<bool>,
    #[serde(default)]
    is_default: Option<bool>,
}
