//! Databases of other builds and releases.

use super::{SCRIPTS, Script, bring_up, bring_up_by};
use crate::store::testing;

/// What the next release may add.
const NEXT: Script = Script { name: "0002_next", sql: "CREATE TABLE added_next (id TEXT PRIMARY KEY)" };

#[tokio::test]
async fn the_release_before_works_on_the_schema_of_the_next() {
    for store in [testing::sqlite().await, testing::postgres().await] {
        let both: Vec<Script> = SCRIPTS.iter().copied().chain([NEXT]).collect();
        bring_up_by(store.db(), &both).await.expect("the next release adds its own");
        bring_up(store.db()).await.expect("and this one still works");
        bring_up_by(store.db(), &both).await.expect("as does the next, once more");
    }
}

#[tokio::test]
async fn a_database_of_another_history_is_told_from_one_that_does_not_answer() {
    for store in [testing::sqlite().await, testing::postgres().await] {
        let changed = [Script { sql: "CREATE TABLE other (id TEXT PRIMARY KEY)", ..SCRIPTS[0] }];
        let error = bring_up_by(store.db(), &changed).await.expect_err("it did not make this database");
        assert!(error.to_string().contains("`0001_initial` is not this one's"), "{error}");
        let without = [NEXT];
        let error = bring_up_by(store.db(), &without).await.expect_err("nor does it know the first");
        assert!(error.to_string().contains("start with an empty database"), "{error}");
    }
}
