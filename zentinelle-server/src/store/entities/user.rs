//! The table `users`.
//!
//! People who sign in. A person of an identity provider is known by `oidc_subject`.

use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

/// One row of `users`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, DeriveEntityModel)]
#[sea_orm(table_name = "users")]
pub(crate) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) tenant_id: String,
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) id: String,
    /// In lower case.
    pub(crate) email: String,
    pub(crate) name: String,
    /// One of: admin | operator | viewer.
    pub(crate) role: String,
    /// One of: local | oidc.
    pub(crate) source: String,
    /// Issuer, a blank, and the subject there.
    pub(crate) oidc_subject: Option<String>,
    /// Argon2id, as a PHC string.
    pub(crate) password_hash: Option<String>,
    /// Good only for choosing another.
    pub(crate) password_temporary: bool,
    /// Of a temporary password.
    pub(crate) password_expires_at: Option<i64>,
    pub(crate) password_changed_at: Option<i64>,
    /// The secret of one-time codes.
    pub(crate) sealed_totp: Option<String>,
    /// Codes are asked for from then on.
    pub(crate) totp_confirmed: bool,
    /// The last code that was used.
    pub(crate) totp_last_step: i64,
    /// Sign-ins that failed since the last that did not.
    pub(crate) failures: i64,
    pub(crate) locked_until: Option<i64>,
    pub(crate) disabled_at: Option<i64>,
    pub(crate) last_sign_in_at: Option<i64>,
    /// Whether they get the organisation's messages by e-mail.
    pub(crate) notify_by_email: bool,
    pub(crate) created_by: String,
    pub(crate) created_at: i64,
    pub(crate) updated_at: i64,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub(crate) enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
