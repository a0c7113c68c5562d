//! Passwords: what is one, how it is kept, and how long comparing takes.
//!
//! Kept is Argon2id with the parameters that OWASP's Password Storage Cheat Sheet names first that
//! fit many sign-ins at once: 19 MiB, two passes, one lane. A password is compared as long for an
//! address nobody has as for one that somebody has.

use std::sync::LazyLock;

use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher as _, PasswordVerifier as _};
use argon2::{Algorithm, Argon2, Params, Version};
use tokio::sync::Semaphore;
use zeroize::Zeroizing;

use crate::http::error::ApiError;

/// Memory of one comparison. Unit: KiB.
const MEMORY: u32 = 19 * 1024;
/// Passes over the memory.
const PASSES: u32 = 2;
/// How many passwords are compared at once: so much memory is taken at most, whoever asks.
const AT_ONCE: usize = 8;
/// The shortest password. Unit: characters.
const SHORTEST: usize = 12;
/// The longest. Unit: bytes.
const LONGEST: usize = 1024;
/// The fewest different characters.
const LEAST_VARIETY: usize = 5;
/// Characters of temporary passwords: those that are not mistaken for others.
const ALPHABET: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";

static PLACES: Semaphore = Semaphore::const_new(AT_ONCE);
/// Compared with when there is nothing to compare with.
static NOBODY: LazyLock<Option<String>> = LazyLock::new(|| make("nobody has this password").ok());

fn argon2() -> Result<Argon2<'static>, ApiError> {
    let params = Params::new(MEMORY, PASSES, 1, None).map_err(|error| ApiError::Internal(error.to_string()))?;
    Ok(Argon2::new(Algorithm::Argon2id, Version::V0x13, params))
}

fn make(password: &str) -> Result<String, ApiError> {
    let hash = argon2()?.hash_password(password.as_bytes());
    hash.map(|hash| hash.to_string()).map_err(|error| ApiError::Internal(format!("a password was not hashed: {error}")))
}

/// What is kept of a password.
pub(crate) async fn hash(password: &str) -> Result<String, ApiError> {
    let password = Zeroizing::new(password.to_owned());
    apart(move || make(&password)).await?
}

/// Whether a password is the one that is kept. Without one it is compared all the same.
pub(crate) async fn matches(password: &str, kept: Option<&str>) -> Result<bool, ApiError> {
    if password.len() > LONGEST {
        return Ok(false);
    }
    let (password, kept) = (Zeroizing::new(password.to_owned()), kept.map(str::to_owned));
    apart(move || {
        let compared = kept.as_deref().or(NOBODY.as_deref()).and_then(|kept| PasswordHash::new(kept).ok());
        let equal =
            compared.is_some_and(|compared| Argon2::default().verify_password(password.as_bytes(), &compared).is_ok());
        equal && kept.is_some()
    })
    .await
}

/// Runs what takes long beside the requests, so many at once.
async fn apart<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, ApiError> {
    let busy = || ApiError::Internal("passwords are not compared any more".to_owned());
    let _place = PLACES.acquire().await.map_err(|_| busy())?;
    tokio::task::spawn_blocking(work).await.map_err(|_| busy())
}

/// Refuses a password that is easily guessed. Length counts, not which kinds of characters it has.
pub(crate) fn sound(field: &str, password: &str, email: &str) -> Result<(), ApiError> {
    let wrong = |why: String| Err(ApiError::invalid(field, why));
    let length = password.chars().count();
    if length < SHORTEST {
        return wrong(format!("has {length} characters, expected at least {SHORTEST}: several words do well"));
    }
    if password.len() > LONGEST {
        return wrong(format!("is longer than {LONGEST} bytes"));
    }
    let plain = password.to_lowercase();
    let name = email.split('@').next().unwrap_or_default();
    if plain == email || (!name.is_empty() && plain.replace(name, "").chars().count() < SHORTEST / 2) {
        return wrong("is little more than the e-mail address".to_owned());
    }
    let mut different: Vec<char> = plain.chars().collect();
    different.sort_unstable();
    different.dedup();
    if different.len() < LEAST_VARIETY {
        return wrong(format!(
            "repeats {} characters, expected at least {LEAST_VARIETY} different ones",
            different.len()
        ));
    }
    Ok(())
}

/// A password that is shown once: 100 random bits in four groups.
pub(crate) fn temporary() -> Result<Zeroizing<String>, ApiError> {
    let mut random = Zeroizing::new([0_u8; 20]);
    getrandom::fill(random.as_mut()).map_err(|error| ApiError::Internal(format!("no random bytes: {error}")))?;
    let mut text = Zeroizing::new(String::with_capacity(24));
    for (at, byte) in random.iter().enumerate() {
        if at > 0 && at % 5 == 0 {
            text.push('-');
        }
        text.push(char::from(ALPHABET.get(usize::from(byte % 32)).copied().unwrap_or(b'a')));
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::{hash, matches, sound, temporary};

    #[tokio::test]
    async fn a_password_is_kept_as_owasp_says_and_only_itself_matches() {
        let kept = hash("correct horse battery").await.expect("hashed");
        assert!(kept.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{kept}");
        assert!(matches("correct horse battery", Some(&kept)).await.expect("compared"));
        assert!(!matches("correct horse batter", Some(&kept)).await.expect("compared"));
        assert!(!matches("correct horse battery", None).await.expect("compared"));
        // Not even the words that an unknown address is compared with.
        assert!(!matches("nobody has this password", None).await.expect("compared"));
    }

    #[tokio::test]
    async fn an_unknown_address_takes_as_long_as_a_known_one() {
        let kept = hash("correct horse battery").await.expect("hashed");
        let _ = matches("x", None).await;
        let mut took = [std::time::Duration::MAX; 2];
        for _ in 0..5 {
            for (best, kept) in took.iter_mut().zip([Some(kept.as_str()), None]) {
                let started = std::time::Instant::now();
                let _ = matches("wrong wrong wrong", kept).await;
                *best = (*best).min(started.elapsed());
            }
        }
        let [known, unknown] = took.map(|took| took.as_secs_f64());
        assert!(unknown > known / 3.0 && known > unknown / 3.0, "{known} {unknown}");
    }

    #[test]
    fn what_is_easily_guessed_is_refused() {
        let email = "jane.doe@example.com";
        for weak in [
            "short",
            "elevenchars",
            "aaaaaaaaaaaaaaaa",
            "ababababababab",
            email,
            "jane.doe12345",
            "JANE.DOE@EXAMPLE.COM",
        ] {
            assert!(sound("password", weak, email).is_err(), "{weak}");
        }
        assert!(sound("password", &"long enough ".repeat(100), email).is_err());
        for fine in ["correct horse battery", "müde Bären brummen", "x7#kq9!Lm2@pz"] {
            assert!(sound("password", fine, email).is_ok(), "{fine}");
        }
    }

    #[test]
    fn temporary_passwords_are_sound_and_differ() {
        let (one, other) = (temporary().expect("random"), temporary().expect("random"));
        assert!(one.len() == 23 && *one != *other && sound("password", &one, "a@b").is_ok(), "{}", one.len());
    }
}
