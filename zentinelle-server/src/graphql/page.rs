//! Pages of a list: how many, from where, in which order.
//!
//! A cursor holds the place of one row in one order under one filter. It is refused by any other
//! list, because what it would answer there is wrong without looking so.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sea_orm::{EntityTrait, ModelTrait, Select};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::ask::Ask;
use super::limits::MOST_PAGE;
use crate::http::error::ApiError;
use crate::store::keyset::{self, Place, Window};

/// How many entries a page has unless it is said.
const USUAL_PAGE: u64 = 20;
/// How many entries a list without pages has at most.
pub(crate) const MOST_LIST: u64 = 500;

/// The direction of a sort.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(crate) enum Direction {
    /// Least first.
    #[default]
    Asc,
    /// Greatest first.
    Desc,
}

/// In which order a list is wanted.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Sort {
    field: String,
    #[serde(default)]
    direction: Direction,
}

/// The arguments of a connection.
#[derive(Debug, Deserialize)]
pub(crate) struct PageArgs<F> {
    #[serde(default)]
    first: Option<i64>,
    #[serde(default)]
    after: Option<String>,
    #[serde(default)]
    last: Option<i64>,
    #[serde(default)]
    before: Option<String>,
    #[serde(default = "none")]
    filter: Option<F>,
    #[serde(default)]
    sort: Option<Sort>,
}

fn none<F>() -> Option<F> {
    None
}

/// A connection, as it is answered.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Connection {
    nodes: Vec<Value>,
    page_info: PageInfo,
    total_count: u64,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct PageInfo {
    has_next_page: bool,
    has_previous_page: bool,
    start_cursor: Option<String>,
    end_cursor: Option<String>,
}

/// How many entries `first` or its like asks for.
pub(crate) fn size(argument: &str, wanted: Option<i64>, usual: u64) -> Result<u64, ApiError> {
    let Some(wanted) = wanted else { return Ok(usual) };
    match u64::try_from(wanted) {
        Ok(wanted) if (1..=MOST_PAGE).contains(&wanted) => Ok(wanted),
        _ => Err(ApiError::invalid(argument, format!("must be 1 to {MOST_PAGE}"))),
    }
}

impl<F: Serialize + Default + Clone> PageArgs<F> {
    /// The filter.
    pub(crate) fn filter(&self) -> F {
        self.filter.clone().unwrap_or_default()
    }

    /// One page of what `select` finds. `sorts` says what the list can be sorted by, its usual
    /// order first; `view` writes a row.
    pub(crate) async fn read<E>(
        &self,
        ask: &Ask,
        list: &str,
        select: Select<E>,
        sorts: &[keyset::Sort<E>],
        id: E::Column,
        view: impl Fn(E::Model) -> Value,
    ) -> Result<Connection, ApiError>
    where
        E: EntityTrait,
        E::Model: ModelTrait<Entity = E> + Send + Sync,
    {
        let names = || sorts.iter().map(|(name, ..)| *name).collect::<Vec<_>>().join(", ");
        let (name, order, descending) = match &self.sort {
            None => sorts.first().copied(),
            Some(sort) => sorts
                .iter()
                .find(|(name, ..)| *name == sort.field)
                .map(|(name, order, _)| (*name, *order, sort.direction == Direction::Desc)),
        }
        .ok_or_else(|| ApiError::invalid("sort", format!("this list can be sorted by {}", names())))?;
        let seal = seal(&json!([list, self.filter, name, descending]));
        let backwards = self.last.is_some() || (self.before.is_some() && self.after.is_none());
        let (argument, cursor) =
            if backwards { ("before", self.before.as_deref()) } else { ("after", self.after.as_deref()) };
        if backwards && self.after.is_some() || self.before.is_some() && !backwards {
            return Err(ApiError::invalid("after", "goes with `first`, and `before` with `last`; not both at once"));
        }
        let cursor = cursor.filter(|cursor| !cursor.is_empty());
        let from = cursor.map(|cursor| open(cursor, &seal, argument)).transpose()?;
        let limit =
            if backwards { size("last", self.last, USUAL_PAGE)? } else { size("first", self.first, USUAL_PAGE)? };
        let bounded = from.is_some();
        let window = Window { limit, descending, backwards, from };
        let wants = |field: &str| ask.selected.contains(field);
        if !wants("nodes") && !wants("pageInfo") {
            let total = if wants("totalCount") { keyset::count_bounded(ask.db(), select).await? } else { 0 };
            let page_info =
                PageInfo { has_next_page: false, has_previous_page: false, start_cursor: None, end_cursor: None };
            return Ok(Connection { nodes: Vec::new(), page_info, total_count: total });
        }
        let counted = wants("totalCount").then(|| select.clone());
        let (rows, more) = keyset::read(ask.db(), select, order, id, window).await?;
        let total = match counted {
            // A page that is the whole list is its count; a search that finds little would be made twice.
            Some(_) if !bounded && !more => rows.len() as u64,
            Some(select) => keyset::count_bounded(ask.db(), select).await?,
            None => 0,
        };
        let cursor = |row: Option<&E::Model>| row.map(|row| close(&keyset::place(row, order, id), &seal));
        let page_info = PageInfo {
            has_next_page: if backwards { bounded } else { more },
            has_previous_page: if backwards { more } else { bounded },
            start_cursor: cursor(rows.first()),
            end_cursor: cursor(rows.last()),
        };
        Ok(Connection { nodes: rows.into_iter().map(view).collect(), page_info, total_count: total })
    }
}

/// A list without pages: the first rows in its usual order.
pub(crate) async fn list<E>(
    ask: &Ask,
    select: Select<E>,
    sorts: &[keyset::Sort<E>],
    id: E::Column,
    view: impl Fn(E::Model) -> Value,
) -> Result<Vec<Value>, ApiError>
where
    E: EntityTrait,
    E::Model: ModelTrait<Entity = E> + Send + Sync,
{
    let Some((_, order, descending)) = sorts.first().copied() else { return Ok(Vec::new()) };
    let window = Window { limit: MOST_LIST, descending, backwards: false, from: None };
    let (rows, _) = keyset::read(ask.db(), select, order, id, window).await?;
    Ok(rows.into_iter().map(view).collect())
}

/// A page over rows that are in memory, in the order they have.
pub(crate) fn of_rows<F: Serialize + Default + Clone>(
    args: &PageArgs<F>,
    list: &str,
    rows: Vec<Value>,
    id: &str,
) -> Result<Connection, ApiError> {
    let seal = seal(&json!([list, args.filter, args.sort]));
    let limit = usize::try_from(size("first", args.first, USUAL_PAGE)?).unwrap_or(usize::MAX);
    let total = rows.len();
    let start = match args.after.as_deref().filter(|cursor| !cursor.is_empty()) {
        None => 0,
        Some(cursor) => {
            let place = open(cursor, &seal, "after")?;
            let wanted = place.id.as_text().to_owned();
            rows.iter().position(|row| row.get(id).and_then(Value::as_str) == Some(&wanted)).map_or(0, |at| at + 1)
        }
    };
    let nodes: Vec<Value> = rows.into_iter().skip(start).take(limit).collect();
    let cursor = |row: Option<&Value>| {
        let id = row?.get(id)?.as_str()?.to_owned();
        Some(close(&Place { at: keyset::Point::Text(id.clone()), id: keyset::Point::Text(id) }, &seal))
    };
    let page_info = PageInfo {
        has_next_page: start + nodes.len() < total,
        has_previous_page: start > 0,
        start_cursor: cursor(nodes.first()),
        end_cursor: cursor(nodes.last()),
    };
    Ok(Connection { nodes, page_info, total_count: total as u64 })
}

/// A short name for one list under one filter in one order.
fn seal(what: &Value) -> String {
    let digest = Sha256::digest(what.to_string().as_bytes());
    URL_SAFE_NO_PAD.encode(digest.get(..9).unwrap_or_default())
}

fn close(place: &Place, seal: &str) -> String {
    URL_SAFE_NO_PAD.encode(json!([seal, place.at, place.id]).to_string())
}

fn open(cursor: &str, seal: &str, argument: &str) -> Result<Place, ApiError> {
    let bytes = URL_SAFE_NO_PAD.decode(cursor).unwrap_or_default();
    let read: Result<(String, keyset::Point, keyset::Point), _> = serde_json::from_slice(&bytes);
    match read {
        Ok((sealed, at, id)) if sealed == seal => Ok(Place { at, id }),
        Ok(_) => Err(ApiError::invalid(argument, "is a cursor of another list, filter or order; begin without one")),
        Err(_) => Err(ApiError::invalid(argument, "is no cursor that a page gave")),
    }
}
