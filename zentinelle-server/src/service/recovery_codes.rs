//! Recovery codes: what signs a person in once when the device with the one-time codes is lost.
//!
//! They are made when one-time codes are turned on, shown then and never again, kept as keyed
//! hashes, and good once each. Trying them counts like trying a password.

use sea_orm::ConnectionTrait;
use zentinelle_core::ids::TenantId;
use zeroize::Zeroizing;

use crate::auth::key::KeyHasher;
use crate::clock;
use crate::http::error::ApiError;
use crate::store::entities::{recovery_code, user};
use crate::store::{StoreError, recovery_codes as store};

/// How many a person has.
const COUNT: usize = 10;
/// The letters of a code: none that looks like another. 32 of them, five bits each.
const LETTERS: &[u8; 32] = b"abcdefghjkmnpqrstuvwxyz023456789";
/// How many letters a code has: 60 bits. They are written in groups of four.
const LENGTH: usize = 12;
const GROUP: usize = 4;

/// Makes the codes of a person, in the place of those there were. They are shown once.
pub(crate) async fn make(
    db: &impl ConnectionTrait,
    hasher: &KeyHasher,
    user: &user::Model,
) -> Result<Vec<Zeroizing<String>>, ApiError> {
    let mut random = Zeroizing::new([0_u8; COUNT * LENGTH]);
    getrandom::fill(random.as_mut()).map_err(|error| ApiError::Internal(format!("no random bytes: {error}")))?;
    let letter = |byte: &u8| char::from(LETTERS.get(usize::from(byte % 32)).copied().unwrap_or(b'a'));
    let group = |bytes: &[u8]| bytes.iter().map(letter).collect::<String>();
    let code = |bytes: &[u8]| Zeroizing::new(bytes.chunks(GROUP).map(group).collect::<Vec<_>>().join("-"));
    let codes: Vec<_> = random.chunks(LENGTH).map(code).collect();
    let now = clock::now_micros();
    let row = |code: &Zeroizing<String>| recovery_code::Model {
        tenant_id: user.tenant_id.clone(),
        user_id: user.id.clone(),
        code_hash: hasher.recovery_digest(&user.id, &plain(code)),
        created_at: now,
    };
    store::replace(db, &TenantId::new(user.tenant_id.as_str()), &user.id, codes.iter().map(row).collect()).await?;
    Ok(codes)
}

/// Takes the codes of a person away.
pub(crate) async fn forget(db: &impl ConnectionTrait, user: &user::Model) -> Result<(), StoreError> {
    store::replace(db, &TenantId::new(user.tenant_id.as_str()), &user.id, Vec::new()).await
}

/// Whether a text is a code of a person that is still good; it is then used up.
pub(crate) async fn accepts(
    db: &impl ConnectionTrait,
    hasher: &KeyHasher,
    user: &user::Model,
    text: &str,
) -> Result<bool, ApiError> {
    let text = plain(text);
    if text.len() != LENGTH {
        return Ok(false);
    }
    let digest = hasher.recovery_digest(&user.id, &text);
    Ok(store::use_up(db, &TenantId::new(user.tenant_id.as_str()), &user.id, &digest).await?)
}

/// A code as it is hashed: its letters alone, small ones.
fn plain(text: &str) -> Zeroizing<String> {
    let most = LENGTH * 2; // a text that is much longer is none
    let letters = text.chars().take(most).filter(char::is_ascii_alphanumeric);
    Zeroizing::new(letters.map(|letter| letter.to_ascii_lowercase()).collect())
}
