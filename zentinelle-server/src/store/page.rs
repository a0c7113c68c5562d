//! One page of a list, newest first.
//!
//! Ids made later sort later, so the id of the last row is all a next page needs: pages neither
//! skip nor repeat rows while new ones come in.

use sea_orm::{
    ColumnTrait, ConnectionTrait, EntityTrait, FromQueryResult, PaginatorTrait as _, QueryFilter as _,
    QueryOrder as _, QuerySelect as _, Select,
};

use super::StoreError;

/// Which rows of a list are wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Page {
    /// How many.
    pub(crate) limit: u64,
    /// How many to leave out.
    pub(crate) offset: u64,
    /// Only rows before this id: the last of the page before.
    pub(crate) before: Option<String>,
}

/// A page of rows.
#[derive(Clone, Debug)]
pub(crate) struct Paged<M> {
    /// The rows.
    pub(crate) rows: Vec<M>,
    /// How many rows the whole list has.
    pub(crate) total: u64,
    /// Where the next page begins; none on the last.
    pub(crate) next: Option<String>,
}

impl<M> Paged<M> {
    /// The rows as a reply writes them.
    pub(crate) fn map<R>(self, reply: impl FnMut(M) -> R) -> Paged<R> {
        Paged { rows: self.rows.into_iter().map(reply).collect(), total: self.total, next: self.next }
    }
}

/// Reads one page of what a query selects. `id_of` names the column's value in a row.
pub(crate) async fn read<E, M>(
    db: &impl ConnectionTrait,
    select: Select<E>,
    id: impl ColumnTrait,
    id_of: impl Fn(&M) -> &str,
    page: &Page,
) -> Result<Paged<M>, StoreError>
where
    E: EntityTrait<Model = M>,
    M: FromQueryResult + Send + Sync,
{
    let total = select.clone().count(db).await?;
    let mut wanted = select.order_by_desc(id).offset(page.offset).limit(page.limit.saturating_add(1));
    if let Some(before) = &page.before {
        wanted = wanted.filter(id.lt(before.as_str()));
    }
    let mut rows = wanted.all(db).await?;
    let limit = usize::try_from(page.limit).unwrap_or(usize::MAX);
    let more = rows.len() > limit;
    rows.truncate(limit);
    let next = rows.last().filter(|_| more).map(|row| id_of(row).to_owned());
    Ok(Paged { rows, total, next })
}
