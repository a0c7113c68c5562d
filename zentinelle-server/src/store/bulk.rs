//! Inserting many rows with one value: the rows travel as one JSON text, so the statement is the
//! same for any number of them, is prepared once, and knows no limit of bound values.

use sea_orm::{
    ColumnTrait as _, ColumnType, ConnectionTrait as _, DatabaseTransaction, DbBackend, EntityTrait, IdenStatic as _,
    Iterable as _, Statement,
};
use serde::Serialize;

use super::StoreError;

/// How many rows travel at once.
const AT_ONCE: usize = 1_000;

/// Inserts rows that are JSON texts already, leaving out those whose key is there.
pub(crate) async fn insert_texts<E: EntityTrait>(txn: &DatabaseTransaction, rows: &[&str]) -> Result<(), StoreError> {
    let backend = txn.get_database_backend();
    for rows in rows.chunks(AT_ONCE) {
        let text = format!("[{}]", rows.join(","));
        txn.execute_raw(Statement::from_sql_and_values(backend, statement::<E>(backend), [text.into()])).await?;
    }
    Ok(())
}

/// Inserts rows, leaving out those whose key is there.
pub(crate) async fn insert_new<E>(txn: &DatabaseTransaction, rows: &[E::Model]) -> Result<(), StoreError>
where
    E: EntityTrait,
    E::Model: Serialize,
{
    let text = |row| {
        serde_json::to_string(row)
            .map_err(|error| StoreError::Unreadable { what: "row to be stored", why: error.to_string() })
    };
    let texts = rows.iter().map(text).collect::<Result<Vec<String>, _>>()?;
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    insert_texts::<E>(txn, &texts).await
}

/// The statement for a table. Its names come from the entity and from nowhere else.
fn statement<E: EntityTrait>(backend: DbBackend) -> String {
    let table = E::default().table_name().to_owned();
    if backend == DbBackend::Postgres {
        return format!(
            "INSERT INTO {table} SELECT * FROM json_populate_recordset(NULL::{table}, $1::json) ON CONFLICT DO NOTHING"
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
    // The limit makes SQLite write each row's text once, not anew for every column; without a
    // condition it would take ON for the beginning of a join.
    format!(
        "INSERT INTO {table} ({}) SELECT {} FROM (SELECT value FROM json_each($1) LIMIT -1 OFFSET 0) \
         WHERE true ON CONFLICT DO NOTHING",
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
