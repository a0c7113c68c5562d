//! Which servers live, as a recovery asks.

use std::collections::BTreeSet;
use std::sync::Arc;

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use jiff::Timestamp;
use sea_orm::{ColumnTrait as _, EntityTrait as _, QueryFilter as _, QuerySelect as _};

use crate::store::Store;
use crate::store::entities::replica;

/// Tells which servers live, by the ids they push under; none where that is not known.
pub(crate) type LiveNodes = Arc<dyn Fn() -> BoxFuture<'static, Option<BTreeSet<String>>> + Send + Sync>;

/// The servers that said within `seconds` that they live.
pub(crate) fn live_nodes(store: Store, seconds: u32) -> LiveNodes {
    Arc::new(move || {
        let store = store.clone();
        async move {
            let since = Timestamp::now().as_microsecond() - i64::from(seconds) * 1_000_000;
            let ids: Result<Vec<String>, _> = replica::Entity::find()
                .select_only()
                .column(replica::Column::NodeId)
                .filter(replica::Column::SeenAt.gte(since))
                .into_tuple()
                .all(store.db())
                .await;
            ids.map(BTreeSet::from_iter).ok()
        }
        .boxed()
    })
}
