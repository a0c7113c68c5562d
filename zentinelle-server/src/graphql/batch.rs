//! Loads what nested fields ask for, many things of a kind with one statement.

use std::collections::HashMap as StdMap;
use std::fmt;
use std::sync::Arc;

use async_graphql::dataloader::Loader;
use hashbrown::HashMap;
use serde_json::Value;
use zentinelle_core::ids::TenantId;

use crate::app::App;
use crate::http::error::ApiError;

/// One thing that a nested field needs.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Key {
    /// Which kind of thing, as it was registered.
    pub(crate) kind: &'static str,
    /// Whose.
    pub(crate) tenant: TenantId,
    /// Which one.
    pub(crate) id: String,
}

/// Gathers the keys of one moment.
pub(crate) struct Batch {
    /// The server.
    pub(crate) app: Arc<App>,
}

impl fmt::Debug for Batch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Batch")
    }
}

impl Loader<Key> for Batch {
    type Value = Value;
    type Error = Arc<ApiError>;

    async fn load(&self, keys: &[Key]) -> Result<StdMap<Key, Value>, Arc<ApiError>> {
        let mut groups: HashMap<(&'static str, &TenantId), Vec<String>> = HashMap::new();
        for key in keys {
            groups.entry((key.kind, &key.tenant)).or_default().push(key.id.clone());
        }
        let mut loaded = StdMap::with_capacity(keys.len());
        for ((kind, tenant), ids) in groups {
            let Some(load) = self.app.graphql.resolvers.batches.get(kind) else {
                return Err(Arc::new(ApiError::Internal(format!("nobody loads `{kind}`"))));
            };
            let found = load(self.app.clone(), tenant.clone(), ids).await.map_err(Arc::new)?;
            loaded.extend(found.into_iter().map(|(id, value)| (Key { kind, tenant: tenant.clone(), id }, value)));
        }
        Ok(loaded)
    }
}
