//! What replicas tell each other, and its form on the wire.

use serde::{Deserialize, Serialize};
use uuid::Uuid;
use zentinelle_core::ids::{AgentId, TenantId};

/// PostgreSQL refuses payloads of 8000 bytes and more. Unit: bytes.
const MOST_BYTES: usize = 7900;

/// Something that changed in the database. It says what to read again and never what is there
/// now, so a notice that comes twice, late or for nothing does no harm.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Notice {
    /// The tenant's policies, or the groups and agents they are for.
    PoliciesChanged {
        /// Whose.
        tenant: TenantId,
        /// The tenant's policy revision after the change.
        revision: i64,
    },
    /// A key was made, changed or revoked.
    KeyChanged {
        /// Whose.
        tenant: TenantId,
        /// The part of the key that may be shown.
        public_id: String,
    },
    /// An agent was registered, changed or suspended.
    AgentChanged {
        /// Whose.
        tenant: TenantId,
        /// Which one.
        agent_id: AgentId,
    },
    /// The tenant's settings.
    SettingsChanged {
        /// Whose.
        tenant: TenantId,
    },
    /// Somebody decided on an approval, or it expired.
    ApprovalDecided {
        /// Whose.
        tenant: TenantId,
        /// Which one.
        id: String,
    },
    /// Something happened that people may be watching for.
    Activity {
        /// Whose.
        tenant: TenantId,
        /// What sort of thing, such as `incident`.
        kind: String,
        /// Which one.
        id: String,
    },
}

/// What goes over the wire.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Envelope {
    /// Drawn anew by each process. Not the configured name: two replicas that share one by mistake
    /// would take each other's notices for their own.
    pub(super) from: Uuid,
    /// Counted by the sender.
    pub(super) id: u64,
    pub(super) what: What,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum What {
    Notice(Notice),
    /// The sender could not send some notices.
    Resync,
    /// Shows the sender that its own connection still carries.
    Ping,
}

impl Envelope {
    /// The compact JSON form. A notice too long for the wire goes out as a request to read
    /// everything again.
    pub(super) fn encode(&self) -> String {
        let text = serde_json::to_string(self).unwrap_or_default(); // texts and numbers always have a form
        if text.len() <= MOST_BYTES && !text.is_empty() {
            return text;
        }
        Self { what: What::Resync, ..*self }.encode()
    }

    /// Reads what [`Envelope::encode`] wrote, perhaps in another release.
    pub(super) fn decode(text: &str) -> Option<Self> {
        serde_json::from_str(text).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn envelope(what: What) -> Envelope {
        Envelope { from: Uuid::nil(), id: 7, what }
    }

    #[test]
    fn the_wire_form_is_compact_and_stays_what_it_is() {
        let tenant = TenantId::new("acme");
        let forms = [
            (
                Notice::PoliciesChanged { tenant: tenant.clone(), revision: 3 },
                r#"{"policies_changed":{"tenant":"acme","revision":3}}"#,
            ),
            (
                Notice::KeyChanged { tenant: tenant.clone(), public_id: "p".into() },
                r#"{"key_changed":{"tenant":"acme","public_id":"p"}}"#,
            ),
            (
                Notice::AgentChanged { tenant: tenant.clone(), agent_id: AgentId::new("a") },
                r#"{"agent_changed":{"tenant":"acme","agent_id":"a"}}"#,
            ),
            (Notice::SettingsChanged { tenant: tenant.clone() }, r#"{"settings_changed":{"tenant":"acme"}}"#),
            (
                Notice::ApprovalDecided { tenant: tenant.clone(), id: "x".into() },
                r#"{"approval_decided":{"tenant":"acme","id":"x"}}"#,
            ),
            (
                Notice::Activity { tenant, kind: "incident".into(), id: "x".into() },
                r#"{"activity":{"tenant":"acme","kind":"incident","id":"x"}}"#,
            ),
        ];
        for (notice, form) in forms {
            let envelope = envelope(What::Notice(notice));
            let text = envelope.encode();
            let head = r#"{"from":"00000000-0000-0000-0000-000000000000","id":7,"what":"#;
            assert_eq!(text, format!(r#"{head}{{"notice":{form}}}}}"#));
            assert_eq!(Envelope::decode(&text), Some(envelope));
        }
    }

    #[test]
    fn a_notice_too_long_for_the_wire_asks_to_read_everything_again() {
        let notice = Notice::KeyChanged { tenant: TenantId::new("acme"), public_id: "x".repeat(8000) };
        let text = envelope(What::Notice(notice)).encode();
        assert_eq!(Envelope::decode(&text), Some(envelope(What::Resync)));
    }

    #[test]
    fn what_another_release_or_a_stranger_wrote_is_no_notice() {
        let strange = r#"{"from":"00000000-0000-0000-0000-000000000000","id":1,"what":{"notice":{"moon_changed":{}}}}"#;
        for text in ["", "{}", "null", strange, &"[".repeat(100_000)] {
            assert_eq!(Envelope::decode(text), None);
        }
    }
}
