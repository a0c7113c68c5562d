//! The text form of a token: `zt1.<key id>.<payload>.<signature>`.

use base64::Engine as _;
// Refuses padding and stray bits in the last letter, so that a token has one spelling.
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64URL;
use jiff::{SignedDuration, Timestamp};

use super::claims::{Claims, Purpose};
use super::error::{TokenError, codes};
use super::keys::{KeyRing, SigningKey, is_key_id};

/// Longest token. Unit: bytes. Longer ones are refused before anything is decoded.
pub const MAX_TOKEN_BYTES: usize = 8192;

const VERSION: &str = "zt1";
/// Keeps signatures over tokens apart from signatures of the same key over anything else.
const DOMAIN: &[u8] = b"zentinelle-token-v1\0";

impl SigningKey {
    /// Writes and signs a token.
    ///
    /// # Errors
    ///
    /// `approval.malformed` for claims that no verifier would accept: an id that is empty or too long, an expiry
    /// before the issue, or more than fits into [`MAX_TOKEN_BYTES`].
    pub fn mint(&self, claims: &Claims) -> Result<String, TokenError> {
        claims.well_formed()?;
        let payload = serde_json::to_vec(claims).map_err(|_| TokenError::malformed("the claims cannot be written"))?;
        let body = format!("{VERSION}.{}.{}", self.id(), BASE64URL.encode(payload));
        let signature = self.sign(&signed_text(&body))?;
        let token = format!("{body}.{}", BASE64URL.encode(signature));
        if token.len() > MAX_TOKEN_BYTES {
            return Err(TokenError::malformed("the claims are too long for a token of 8192 bytes"));
        }
        Ok(token)
    }
}

impl KeyRing {
    /// Reads a token and says what it claims, if it is genuine, of this purpose and valid at `now`.
    ///
    /// A token is valid from its issue to its expiry and, if `max_age` is given, while it is no older than that;
    /// both ends count as valid. There is no tolerance for tokens from the future: an issuer whose clock runs ahead
    /// dates its tokens back. A token without expiry needs a `max_age`, or it would be valid for ever.
    ///
    /// What the token is bound to is not looked at: ask [`Claims::check`].
    ///
    /// # Errors
    ///
    /// `approval.malformed`, `approval.unknown_key`, `approval.bad_signature`, `approval.wrong_purpose`,
    /// `approval.not_yet_valid` or `approval.expired`, whichever is found first in this order.
    pub fn verify(
        &self,
        token: &str,
        purpose: Purpose,
        now: Timestamp,
        max_age: Option<SignedDuration>,
    ) -> Result<Claims, TokenError> {
        let claims = self.authenticate(token)?;
        if claims.purpose != purpose {
            return Err(TokenError::new(codes::WRONG_PURPOSE, "the token was given for another purpose"));
        }
        if claims.issued_at > now {
            return Err(TokenError::new(codes::NOT_YET_VALID, "the token is issued in the future"));
        }
        if claims.expires_at.is_none() && max_age.is_none() {
            return Err(TokenError::new(codes::EXPIRED, "the token has no expiry and no greatest age is set"));
        }
        if claims.expires_at.is_some_and(|end| now > end) {
            return Err(TokenError::new(codes::EXPIRED, "the token has expired"));
        }
        if max_age.is_some_and(|limit| now.duration_since(claims.issued_at) > limit) {
            return Err(TokenError::new(codes::EXPIRED, "the token is older than allowed"));
        }
        Ok(claims)
    }

    /// Reads a token that one of our keys signed. Nothing of the payload is believed before its signature is checked.
    fn authenticate(&self, token: &str) -> Result<Claims, TokenError> {
        if token.len() > MAX_TOKEN_BYTES {
            return Err(TokenError::malformed("the token is longer than 8192 bytes"));
        }
        const SHAPE: TokenError = TokenError::malformed("the text is not an approval token");
        let (body, signature) = token.rsplit_once('.').ok_or(SHAPE)?;
        let mut parts = body.split('.');
        let (Some(VERSION), Some(key_id), Some(payload), None) =
            (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(SHAPE);
        };
        if !is_key_id(key_id) {
            return Err(SHAPE);
        }
        let signature = BASE64URL.decode(signature).map_err(|_| SHAPE)?;
        let payload = BASE64URL.decode(payload).map_err(|_| SHAPE)?;
        self.check(key_id, &signed_text(body), &signature)?;
        let claims: Claims = std::str::from_utf8(&payload)
            .ok()
            .and_then(|text| serde_json::from_str(text).ok())
            .ok_or(TokenError::malformed("the claims of the token cannot be read"))?;
        claims.well_formed()?;
        Ok(claims)
    }
}

fn signed_text(body: &str) -> Vec<u8> {
    [DOMAIN, body.as_bytes()].concat()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const SECRET: &[u8; 32] = b"thirty-two bytes of test secret!";

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_773_230_400 + second).expect("time")
    }

    fn claims(purpose: Purpose) -> Claims {
        Claims { policy: Some("p".into()), tool: Some("pay".into()), ..Claims::new(purpose, "t1", at(0)) }
    }

    fn keys() -> [SigningKey; 2] {
        [SigningKey::hmac("shared-1", SECRET).expect("key"), SigningKey::ed25519("pair-1", SECRET).expect("key")]
    }

    fn ring() -> KeyRing {
        KeyRing::from_keys(keys().iter().map(SigningKey::verifying_key)).expect("ring")
    }

    fn code<T>(result: Result<T, TokenError>) -> String {
        result.map_or_else(|error| error.code().to_string(), |_| "valid".to_owned())
    }

    const HOUR: Option<SignedDuration> = Some(SignedDuration::from_hours(1));

    #[test]
    fn a_token_is_accepted_for_its_own_purpose_only() {
        for key in keys() {
            for given in Purpose::ALL {
                let token = key.mint(&claims(given)).expect("token");
                assert_eq!(ring().verify(&token, given, at(5), HOUR), Ok(claims(given)));
                for asked in Purpose::ALL.into_iter().filter(|asked| *asked != given) {
                    assert_eq!(code(ring().verify(&token, asked, at(5), HOUR)), "approval.wrong_purpose");
                }
            }
        }
    }

    #[test]
    fn both_ends_of_its_life_are_valid_and_a_moment_beyond_is_not() {
        let purpose = Purpose::HumanOversightApproval;
        let [key, _] = keys();
        let moment = SignedDuration::from_nanos(1);
        let open = key.mint(&claims(purpose)).expect("token");
        let closed = key.mint(&Claims { expires_at: Some(at(60)), ..claims(purpose) }).expect("token");
        let judge = |token: &str, now, age| code(ring().verify(token, purpose, now, age));
        assert_eq!(judge(&open, at(0), HOUR), "valid");
        assert_eq!(judge(&open, at(0) - moment, HOUR), "approval.not_yet_valid");
        assert_eq!(judge(&open, at(-3600), HOUR), "approval.not_yet_valid");
        assert_eq!(judge(&open, at(3600), HOUR), "valid");
        assert_eq!(judge(&open, at(3600) + moment, HOUR), "approval.expired");
        assert_eq!(judge(&open, at(0), None), "approval.expired", "nothing is valid for ever");
        assert_eq!(judge(&closed, at(60), None), "valid");
        assert_eq!(judge(&closed, at(60) + moment, None), "approval.expired");
        assert_eq!(judge(&closed, at(30), Some(SignedDuration::from_secs(29))), "approval.expired");
    }

    #[test]
    fn keys_of_one_kind_cannot_stand_in_for_the_other() {
        let [_, pair] = keys();
        // The classic confusion: a public key, known to all, used as a shared secret under the same id.
        let public = pair.verifying_key().public_bytes().expect("public key");
        let forged = SigningKey::hmac("pair-1", &public).and_then(|key| key.mint(&claims(Purpose::ToolApproval)));
        let verdict = ring().verify(&forged.expect("token"), Purpose::ToolApproval, at(0), HOUR);
        assert_eq!(code(verdict), "approval.bad_signature");
    }

    #[test]
    fn an_unknown_key_or_an_empty_ring_verifies_nothing() {
        let token =
            SigningKey::hmac("other", SECRET).and_then(|key| key.mint(&claims(Purpose::ToolApproval))).expect("token");
        for ring in [ring(), KeyRing::new()] {
            assert_eq!(code(ring.verify(&token, Purpose::ToolApproval, at(0), HOUR)), "approval.unknown_key");
        }
    }

    #[test]
    fn a_genuine_signature_over_odd_claims_is_not_enough() {
        let [key, _] = keys();
        for payload in [
            r#"["pay"]"#,
            r#"{"purpose":"tool-approval","id":"x","issued_at":"2026-03-11T12:00:00Z","admin":true}"#,
            r#"{"purpose":"tool-approval","id":"","issued_at":"2026-03-11T12:00:00Z"}"#,
        ] {
            let body = format!("zt1.shared-1.{}", BASE64URL.encode(payload));
            let token = format!("{body}.{}", BASE64URL.encode(key.sign(&signed_text(&body)).expect("signature")));
            assert_eq!(
                code(ring().verify(&token, Purpose::ToolApproval, at(0), HOUR)),
                "approval.malformed",
                "{payload}"
            );
        }
        let huge = Claims { granted_by: Some("x".repeat(MAX_TOKEN_BYTES)), ..claims(Purpose::ToolApproval) };
        assert_eq!(code(key.mint(&huge)), "approval.malformed");
    }

    #[test]
    fn padding_stray_bits_and_extra_parts_are_refused() {
        let [_, key] = keys();
        let token = key.mint(&claims(Purpose::ToolApproval)).expect("token");
        // 64 bytes end in a letter with four unused bits; `A` has none of them set.
        assert!(matches!(token.chars().last(), Some('A' | 'Q' | 'g' | 'w')));
        let stray: String = token.chars().take(token.len() - 1).chain(['B']).collect();
        for text in [
            stray,
            format!("{token}="),
            format!("{token}."),
            format!("{token}.x"),
            token.replacen("zt1", "zt2", 1),
            format!(" {token}"),
            String::new(),
            ".".repeat(9000),
        ] {
            assert_eq!(code(ring().verify(&text, Purpose::ToolApproval, at(0), HOUR)), "approval.malformed", "{text}");
        }
    }

    proptest! {
        #[test]
        fn no_changed_letter_goes_unnoticed(which in 0..2_usize, place: prop::sample::Index, letter in "[ -~é]") {
            let token = keys()[which].mint(&claims(Purpose::ToolApproval)).expect("token");
            let place = place.index(token.len());
            let changed: String = token.char_indices().map(|(at, old)| if at == place { letter.clone() } else { old.to_string() }).collect();
            prop_assume!(changed != token);
            prop_assert!(ring().verify(&changed, Purpose::ToolApproval, at(0), HOUR).is_err());
        }

        #[test]
        fn no_text_makes_it_panic(text in ".{0,80}") {
            prop_assert!(ring().verify(&text, Purpose::ToolApproval, at(0), HOUR).is_err());
            let signed = format!("zt1.shared-1.{text}");
            prop_assert!(ring().verify(&signed, Purpose::ToolApproval, at(0), HOUR).is_err());
        }
    }
}
