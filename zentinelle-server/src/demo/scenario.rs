//! What the demonstration organisation is made of: who is there and what they try. What comes of
//! it is not written anywhere; the engine decides.

use serde::Deserialize;
use serde_json::{Map, Value, json};
use zentinelle_core::ids::TenantId;

use crate::auth::{Caller, Role, SignedIn, SignedInBy};
use crate::http::error::ApiError;

/// The policies beside those of a coding agent.
pub(super) const POLICIES: &str = include_str!("../../data/demo/policies.yaml");
const ORGANISATION: &str = include_str!("../../data/demo/organisation.json");

/// An organisation.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Organisation {
    /// Its name.
    pub(super) name: String,
    /// Its agent groups.
    pub(super) groups: Vec<Group>,
    /// Who signs in.
    pub(super) people: Vec<Person>,
    /// The models it knows, as its operators would enter them.
    pub(super) models: Vec<Value>,
    /// Its content rules.
    pub(super) content_rules: Vec<Value>,
    /// Its alert rules.
    pub(super) alert_rules: Vec<Value>,
    /// Its system prompts.
    pub(super) prompts: Vec<Value>,
    /// Its risks, as its operators would enter them, with policies by name.
    pub(super) risks: Vec<Value>,
    /// Its agents.
    pub(super) agents: Vec<Worker>,
}

/// An agent group.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Group {
    pub(super) slug: String,
    pub(super) name: String,
    pub(super) tier: String,
    pub(super) color: String,
    pub(super) description: String,
}

/// Somebody who signs in.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Person {
    pub(super) email: String,
    pub(super) name: String,
    pub(super) role: String,
}

/// An agent, and what it does on a day.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Worker {
    pub(super) id: String,
    pub(super) name: String,
    #[serde(rename = "type")]
    pub(super) agent_type: String,
    pub(super) group: String,
    pub(super) provider: String,
    pub(super) model: String,
    /// The system prompt it speaks with, by its slug.
    #[serde(default)]
    pub(super) prompt: Option<String>,
    /// How often it asks on a usual day.
    pub(super) pace: u64,
    pub(super) users: Vec<String>,
    pub(super) does: Vec<Deed>,
    pub(super) says: Vec<Talk>,
}

/// Something an agent tries.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Deed {
    /// How often, compared with the others.
    pub(super) weight: u64,
    /// A tool call unless it says otherwise.
    #[serde(default = "tool_call")]
    pub(super) action: String,
    #[serde(default)]
    pub(super) tool: Option<String>,
    #[serde(default)]
    pub(super) args: Map<String, Value>,
    #[serde(default)]
    pub(super) context: Map<String, Value>,
}

/// A turn with a model.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Talk {
    /// How often, compared with the others.
    pub(super) weight: u64,
    #[serde(rename = "in")]
    pub(super) input: String,
    #[serde(rename = "out")]
    pub(super) output: String,
}

impl Organisation {
    /// One of those who look after agents, as a service knows them.
    pub(super) fn caller(&self, tenant: &TenantId, number: usize) -> Caller {
        let Some(person) = self.people.get(number) else { return Caller::local(tenant.clone()) };
        let role = Role::from_name(&person.role).unwrap_or(Role::Viewer);
        let signed_in = SignedIn {
            by: SignedInBy::Local,
            user_id: String::new(),
            session_id: String::new(),
            email: Some(person.email.clone()),
            name: person.name.clone(),
        };
        Caller::person(tenant.clone(), role, &person.email, signed_in)
    }
}

impl Worker {
    /// Whom it acts for, if it acts for anybody.
    pub(super) fn user(&self, dice: &mut Dice) -> Option<String> {
        let user = dice.pick(&self.users, |_| 1)?;
        Some(format!("{user}@northwind.example"))
    }

    /// Its session of a day, of which it has one. Unit: microseconds.
    pub(super) fn session(&self, at: i64) -> String {
        format!("{}-{}", self.id, at.div_euclid(86_400_000_000))
    }
}

impl Deed {
    /// What is said of it when the engine is asked.
    pub(super) fn context(&self, session: String, dice: &mut Dice) -> Map<String, Value> {
        let mut context = self.context.clone();
        if let Some(tool) = &self.tool {
            // Coding agents say what they say to their own hooks.
            let arguments = if matches!(tool.as_str(), "Bash" | "Edit" | "Read") { "tool_input" } else { "tool_args" };
            context.insert("tool_name".to_owned(), json!(tool));
            context.insert(arguments.to_owned(), Value::Object(dice.fill_all(&self.args)));
        }
        context.insert("session_id".to_owned(), json!(session));
        context
    }
}

/// What a service takes, from how the scenario writes it.
pub(super) fn input<T: serde::de::DeserializeOwned>(value: &Value) -> Result<T, ApiError> {
    crate::http::extract::read(value.clone())
}

fn tool_call() -> String {
    "tool_call".to_owned()
}

/// Reads the scenario.
pub(super) fn read() -> Result<Organisation, ApiError> {
    serde_json::from_str(ORGANISATION).map_err(|error| ApiError::Internal(error.to_string()))
}

/// Numbers that are the same at every start (SplitMix64).
#[derive(Clone, Debug)]
pub(super) struct Dice(pub(super) u64);

impl Dice {
    /// The next number.
    pub(super) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// A number below another.
    pub(super) fn below(&mut self, end: u64) -> u64 {
        self.next() % end.max(1)
    }

    /// One of several, each as likely as its weight says.
    pub(super) fn pick<'t, T>(&mut self, of: &'t [T], weight: impl Fn(&T) -> u64) -> Option<&'t T> {
        let mut at = self.below(of.iter().map(&weight).sum());
        of.iter().find(|one| {
            let here = at < weight(one);
            at = at.saturating_sub(weight(one));
            here
        })
    }

    /// The text with its places filled: `{n}` a number of four digits, `{m}` one of two.
    pub(super) fn fill(&mut self, text: &str) -> String {
        if !text.contains('{') {
            return text.to_owned();
        }
        let (long, short) = (1_000 + self.below(9_000), 10 + self.below(80));
        text.replace("{n}", &long.to_string()).replace("{m}", &short.to_string())
    }

    /// The same for every text of an object. What is a number then reads as one.
    pub(super) fn fill_all(&mut self, object: &Map<String, Value>) -> Map<String, Value> {
        let fill = |(key, value): (&String, &Value)| {
            let value = match value {
                Value::String(text) => {
                    let filled = self.fill(text);
                    let number = (filled != *text).then(|| filled.parse::<u64>().ok()).flatten();
                    number.map_or(Value::String(filled), Value::from)
                }
                other => other.clone(),
            };
            (key.clone(), value)
        };
        object.iter().map(fill).collect()
    }
}

#[cfg(test)]
mod tests {
    use zentinelle_core::ids::TenantId;

    use super::{Dice, POLICIES, read};
    use crate::service::policies::documents;

    #[test]
    fn the_scenario_can_be_read_and_every_agent_has_its_group() {
        let organisation = read().expect("a sound scenario");
        assert_eq!(organisation.agents.len(), 12);
        for agent in &organisation.agents {
            assert!(organisation.groups.iter().any(|group| group.slug == agent.group), "{}", agent.id);
            assert!(!agent.does.is_empty() && !agent.says.is_empty(), "{}", agent.id);
        }
        if let Err(faults) = documents::read(POLICIES, &TenantId::new("t")) {
            panic!("{faults:?}");
        }
    }

    #[test]
    fn dice_fall_alike_at_every_start() {
        let mut dice = Dice(7);
        let picked: Vec<u64> = (0..6).map(|_| *dice.pick(&[1_u64, 2, 30], |weight| *weight).expect("one")).collect();
        let mut again = Dice(7);
        assert_eq!(
            picked,
            (0..6).map(|_| *again.pick(&[1_u64, 2, 30], |weight| *weight).expect("one")).collect::<Vec<_>>()
        );
        assert!(picked.contains(&30));
    }
}
