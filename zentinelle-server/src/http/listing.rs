//! What the lists of operators' routes share.

use super::error::ApiError;
use crate::store::page::Page;

/// The deepest offset; cursors go further.
const MOST_OFFSET: u64 = 1_000_000;

/// A page as a query asks for it. A limit above the most is cut down to it.
pub(crate) fn page(
    limit: Option<u64>,
    offset: Option<u64>,
    cursor: Option<&str>,
    default: u64,
    most: u64,
) -> Result<Page, ApiError> {
    let limit = limit.unwrap_or(default);
    if limit == 0 {
        return Err(ApiError::invalid("limit", "must be at least 1"));
    }
    let offset = offset.unwrap_or_default();
    if offset > MOST_OFFSET {
        return Err(ApiError::invalid("offset", format!("must be at most {MOST_OFFSET}; use `cursor` to go further")));
    }
    let before = cursor.filter(|cursor| !cursor.is_empty()).map(|cursor| {
        canonical(cursor).ok_or_else(|| ApiError::invalid("cursor", "is none that a page gave as `next_cursor`"))
    });
    Ok(Page { limit: limit.min(most), offset, before: before.transpose()? })
}

/// An id as the server writes ids; none when the text is no id.
pub(crate) fn canonical(id: &str) -> Option<String> {
    uuid::Uuid::try_parse(id).ok().map(|id| id.to_string())
}

#[cfg(test)]
mod tests {
    use super::{canonical, page};

    #[test]
    fn pages_are_checked_and_cut_down() {
        assert_eq!(page(Some(9_999), None, None, 100, 1000).expect("a page").limit, 1000);
        assert!(page(Some(0), None, None, 100, 1000).is_err());
        assert!(page(None, None, Some("x\0"), 100, 1000).is_err());
        assert_eq!(canonical("0198A000-0000-7000-8000-000000000001").as_deref().map(|id| id.len()), Some(36));
    }
}
