//! The schema's history. Each migration runs while the previous release still answers: it adds
//! first, and a later one takes away.

#[cfg(test)]
mod tests;

use sea_orm::{DatabaseConnection, Statement};
use sea_orm_migration::MigratorTraitSelf;
use sea_orm_migration::prelude::*;
use sha2::{Digest as _, Sha256};

use crate::auth::key::hex;

/// Every migration, oldest first. One that was released is never changed again.
const SCRIPTS: &[Script] = &[Script { name: "0001_initial", sql: include_str!("0001_initial.sql") }];

/// What each migration said when it ran, so that a database of another history is recognised.
const TEXTS: &str = "CREATE TABLE IF NOT EXISTS migration_texts (name TEXT PRIMARY KEY, sha256 TEXT NOT NULL)";

/// Brings the schema up to date.
pub(super) async fn bring_up(db: &DatabaseConnection) -> Result<(), DbErr> {
    bring_up_by(db, SCRIPTS).await
}

async fn bring_up_by(db: &DatabaseConnection, scripts: &[Script]) -> Result<(), DbErr> {
    let mut history = History { scripts: scripts.to_vec(), newer: Vec::new() };
    let applied = history.get_migration_models(db).await?.into_iter().map(|model| model.version);
    let (known, others): (Vec<_>, Vec<_>) =
        applied.partition(|name| scripts.iter().any(|script| script.name == name.as_str()));
    let last = scripts.last().map_or("", |script| script.name);
    if let Some(strange) = others.iter().find(|name| name.as_str() < last) {
        return Err(of_another_build(strange));
    }
    if !others.is_empty() {
        tracing::warn!(migrations = ?others, "the database is of a newer release; it works, if that is the next one");
    }
    for script in scripts.iter().filter(|script| known.iter().any(|name| name == script.name)) {
        if text_of(db, script.name).await?.as_deref() != Some(script.sha256().as_str()) {
            return Err(of_another_build(script.name));
        }
    }
    history.newer = others;
    history.up(db, None).await
}

fn of_another_build(name: &str) -> DbErr {
    DbErr::Migration(format!(
        "the database was made by a build whose migration `{name}` is not this one's; start with an empty database (of a \
         demonstration: remove its data directory), or with the build that made it"
    ))
}

/// The digest of what a migration said when it ran.
async fn text_of(db: &DatabaseConnection, name: &str) -> Result<Option<String>, DbErr> {
    if !SchemaManager::new(db).has_table("migration_texts").await? {
        return Ok(None);
    }
    let backend = db.get_database_backend();
    let sql = "SELECT sha256 FROM migration_texts WHERE name = $1";
    let row = db.query_one_raw(Statement::from_sql_and_values(backend, sql, [name.into()])).await?;
    row.map(|row| row.try_get("", "sha256")).transpose()
}

/// The migrations of this release, and the names of those a newer one has run.
struct History {
    scripts: Vec<Script>,
    newer: Vec<String>,
}

impl MigratorTraitSelf for History {
    fn migrations(&self) -> Vec<Box<dyn MigrationTrait>> {
        let ours = self.scripts.iter().map(|script| Box::new(*script) as Box<dyn MigrationTrait>);
        let newer = self.newer.iter().map(|name| Box::new(Newer(name.clone())) as Box<dyn MigrationTrait>);
        ours.chain(newer).collect()
    }
}

/// A migration that is one SQL text for both databases.
#[derive(Clone, Copy)]
struct Script {
    name: &'static str,
    sql: &'static str,
}

impl Script {
    fn sha256(&self) -> String {
        hex(&Sha256::digest(self.sql.as_bytes()))
    }
}

impl MigrationName for Script {
    fn name(&self) -> &str {
        self.name
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Script {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let db = manager.get_connection();
        db.execute_unprepared(self.sql).await?;
        db.execute_unprepared(TEXTS).await?;
        let sql = "INSERT INTO migration_texts (name, sha256) VALUES ($1, $2)";
        let values = [self.name.into(), self.sha256().into()];
        db.execute_raw(Statement::from_sql_and_values(db.get_database_backend(), sql, values)).await.map(|_| ())
    }

    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }
}

/// A migration of a newer release, which has run: nothing is left to do.
struct Newer(String);

impl MigrationName for Newer {
    fn name(&self) -> &str {
        &self.0
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Newer {
    async fn up(&self, _: &SchemaManager) -> Result<(), DbErr> {
        Ok(())
    }
}
