//! Writing and naming many rows with one value: they travel as one JSON text, so the statement is
//! the same for any number of them, is prepared once, and knows no limit of bound values.

use sea_orm::sea_query::{Expr, SimpleExpr};
use sea_orm::{
    ColumnTrait as _, ColumnType, ConnectionTrait, DbBackend, EntityTrait, IdenStatic as _, Iterable as _, Statement,
};
use serde::Serialize;

use super::StoreError;

/// How many rows travel at once.
const AT_ONCE: usize = 1_000;

/// Inserts rows that are JSON texts already, leaving out those whose key is there.
pub(crate) async fn insert_texts<E: EntityTrait>(txn: &impl ConnectionTrait, rows: &[&str]) -> Result<(), StoreError> {
    for rows in rows.chunks(AT_ONCE) {
        let mut text = String::with_capacity(rows.iter().map(|row| row.len() + 1).sum::<usize>() + 1);
        for row in rows {
            text.push(if text.is_empty() { '[' } else { ',' });
            text.push_str(row);
        }
        text.push(']');
        execute::<E>(txn, text, "ON CONFLICT DO NOTHING").await?;
    }
    Ok(())
}

/// Inserts rows, none of whose keys may be there.
pub(crate) async fn insert<E>(txn: &impl ConnectionTrait, rows: &[E::Model]) -> Result<(), StoreError>
where
    E: EntityTrait,
    E::Model: Serialize,
{
    for rows in rows.chunks(AT_ONCE) {
        execute::<E>(txn, json(&rows)?, "").await?;
    }
    Ok(())
}

/// Inserts rows, leaving out those whose key is there.
pub(crate) async fn insert_new<E>(txn: &impl ConnectionTrait, rows: &[E::Model]) -> Result<(), StoreError>
where
    E: EntityTrait,
    E::Model: Serialize,
{
    for rows in rows.chunks(AT_ONCE) {
        execute::<E>(txn, json(&rows)?, "ON CONFLICT DO NOTHING").await?;
    }
    Ok(())
}

/// Writes rows in the order in which they come. Where the key of one is there, the columns `changed`
/// of the row that has it are written over.
pub(crate) async fn put<E>(
    txn: &impl ConnectionTrait,
    rows: &[E::Model],
    key: &[E::Column],
    changed: &[E::Column],
) -> Result<(), StoreError>
where
    E: EntityTrait,
    E::Model: Serialize,
{
    let key: Vec<&str> = key.iter().map(|column| column.as_str()).collect();
    let changed: Vec<String> = changed.iter().map(|column| format!("{0} = excluded.{0}", column.as_str())).collect();
    let conflict = format!("ON CONFLICT ({}) DO UPDATE SET {}", key.join(", "), changed.join(", "));
    for rows in rows.chunks(AT_ONCE) {
        execute::<E>(txn, json(&rows)?, &conflict).await?;
    }
    Ok(())
}

/// Says of a row that its key is among some: `columns` in their order, each of the keys a list of texts.
pub(crate) fn is_among<C: sea_orm::ColumnTrait>(
    backend: DbBackend,
    columns: &[C],
    keys: &[Vec<String>],
) -> Result<SimpleExpr, StoreError> {
    let names: Vec<&str> = columns.iter().map(|column| column.as_str()).collect();
    let parts: Vec<String> = (0..columns.len()).map(|at| format!("value ->> {at}")).collect();
    let each = match backend {
        DbBackend::Postgres => "json_array_elements($1::json)",
        _ => "json_each(?)",
    };
    let among = format!("({}) IN (SELECT {} FROM {each})", names.join(", "), parts.join(", "));
    Ok(Expr::cust_with_values(among, [json(&keys)?]))
}

fn json(rows: &impl Serialize) -> Result<String, StoreError> {
    serde_json::to_string(rows)
        .map_err(|error| StoreError::Unreadable { what: "row to be stored", why: error.to_string() })
}

async fn execute<E: EntityTrait>(txn: &impl ConnectionTrait, rows: String, conflict: &str) -> Result<(), StoreError> {
    let backend = txn.get_database_backend();
    let statement = Statement::from_sql_and_values(backend, statement::<E>(backend, conflict), [rows.into()]);
    txn.execute_raw(statement).await?;
    Ok(())
}

/// The statement for a table. Its names come from the entity and from nowhere else.
fn statement<E: EntityTrait>(backend: DbBackend, conflict: &str) -> String {
    let table = E::default().table_name().to_owned();
    if backend == DbBackend::Postgres {
        return format!(
            "INSERT INTO {table} SELECT * FROM json_populate_recordset(NULL::{table}, $1::json) {conflict}"
        );
    }
    let columns: Vec<String> = E::Column::iter().map(|column| column.as_str().to_owned()).collect();
    let values: Vec<String> = E::Column::iter()
        .map(|column| {
            // A JSON column keeps its JSON text; any other gets the plain value.
            let arrow = if matches!(column.def().get_column_type(), ColumnType::JsonBinary) { "->" } else { "->>" };
            format!("value {arrow} '$.{}'", column.as_str())
        })
        .collect();
    // Each row is read out of the text once: `jsonb_each` does not write it as text again, and the
    // limit keeps it from being taken out anew for every column. Without a condition SQLite would
    // take ON for the beginning of a join.
    format!(
        "INSERT INTO {table} ({}) SELECT {} FROM (SELECT value FROM jsonb_each($1) LIMIT -1 OFFSET 0) \
         WHERE true {conflict}",
        columns.join(", "),
        values.join(", ")
    )
}

#[cfg(test)]
mod tests {
    use sea_orm::EntityTrait as _;
    use serde_json::json;

    use super::insert_new;
    use crate::store::entities::evaluation;
    use crate::store::testing;

    #[tokio::test]
    async fn rows_arrive_as_they_were_sent_and_only_once() {
        let row = |id: &str| evaluation::Model {
            tenant_id: "acme".into(),
            id: id.into(),
            agent_id: "a'gent \"x\"".into(),
            user_id: None,
            session_id: Some(String::new()),
            action: "tool_call".into(),
            resource: Some("12".into()),
            effect: "permit".into(),
            allowed: true,
            dry_run: false,
            code: None,
            reason: Some("null".into()),
            policies: json!([{ "id": "p", "passed": true, "n": 1.5 }]),
            warnings: json!([]),
            context: json!({ "text": "\"", "nested": { "deep": [1, null, "é"] } }),
            risk_score: i64::MAX,
            policy_set_version: "7".into(),
            source: "native".into(),
            duration_us: -1,
            occurred_at: 1_767_225_600_000_001,
        };
        for store in [testing::sqlite().await, testing::postgres().await] {
            let rows: Vec<_> = (0..2_500).map(|number| row(&number.to_string())).collect();
            for _ in 0..2 {
                let txn = store.begin().await.expect("a transaction");
                insert_new::<evaluation::Entity>(&txn, &rows).await.expect("inserted");
                txn.commit().await.expect("committed");
            }
            let mut found = evaluation::Entity::find().all(store.db()).await.expect("read");
            found.sort_by_key(|row| row.id.parse::<i64>().unwrap_or_default());
            assert_eq!(found, rows);
        }
    }
}
