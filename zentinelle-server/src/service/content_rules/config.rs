//! What each type of content rule can be told, and which detector that makes.

use std::collections::BTreeSet;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;
use zentinelle_core::matching::{Case, Pattern};
use zentinelle_core::request::{Number, UsdMicros};
use zentinelle_core::scan::injection::{Families, Sensitivity};
use zentinelle_core::scan::{Category, Detectors, Scanner, secret_kinds};

use super::detector::Detector;

/// The most patterns, keywords or phrases of one rule.
const MOST_ENTRIES: usize = 1_000;
/// How many bytes of alternatives one expression joins.
const MOST_JOINED: usize = 2_000;

/// What a rule looks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = ContentRuleType)]
pub(crate) enum RuleType {
    /// Keys, tokens, passwords.
    SecretDetection,
    /// Personal data.
    PiiDetection,
    /// Health data.
    PhiDetection,
    /// Vulgar words, slurs, threats.
    ProfanityFilter,
    /// The rule's own regular expressions.
    CustomPattern,
    /// The rule's own words and phrases.
    KeywordBlock,
    /// Text that gives the model new orders.
    PromptInjection,
    /// Text that talks the model out of its rules.
    JailbreakAttempt,
    /// Talk that has nothing to do with the work.
    OffTopic,
    /// Reserved: policies decide about policies, so no content violates this rule.
    PolicyViolation,
    /// A request whose estimated cost is too high.
    CostThreshold,
    /// Reserved: alert rules watch rates, so no content violates this rule.
    RateAnomaly,
    /// A text of too many tokens.
    TokenLimit,
}

impl RuleType {
    /// Whether content can violate a rule of this type at all.
    pub(crate) fn detects(self) -> bool {
        !matches!(self, Self::PolicyViolation | Self::RateAnomaly)
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Secrets {
    detect_aws_keys: bool,
    detect_api_keys: bool,
    detect_tokens: bool,
    detect_private_keys: bool,
    detect_passwords: bool,
    detect_connection_strings: bool,
    disabled_kinds: Vec<String>,
    custom_patterns: Vec<String>,
}

impl Default for Secrets {
    fn default() -> Self {
        Self {
            detect_aws_keys: true,
            detect_api_keys: true,
            detect_tokens: true,
            detect_private_keys: true,
            detect_passwords: true,
            detect_connection_strings: true,
            disabled_kinds: Vec::new(),
            custom_patterns: Vec::new(),
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Pii {
    detect_emails: bool,
    detect_phones: bool,
    detect_ssn: bool,
    detect_credit_cards: bool,
    detect_dob: bool,
    detect_passport: bool,
    disabled_kinds: Vec<String>,
}

impl Default for Pii {
    fn default() -> Self {
        Self {
            detect_emails: true,
            detect_phones: true,
            detect_ssn: true,
            detect_credit_cards: true,
            detect_dob: true,
            detect_passport: true,
            disabled_kinds: Vec::new(),
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Phi {
    detect_diagnoses: bool,
    detect_medications: bool,
    disabled_kinds: Vec<String>,
}

impl Default for Phi {
    fn default() -> Self {
        Self { detect_diagnoses: true, detect_medications: true, disabled_kinds: Vec::new() }
    }
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Profanity {
    custom_patterns: Vec<String>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Custom {
    patterns: Vec<String>,
    case_sensitive: bool,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Keywords {
    keywords: Vec<String>,
    phrases: Vec<String>,
    case_sensitive: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Attack {
    sensitivity: Sensitivity,
    custom_signatures: Vec<String>,
}

impl Default for Attack {
    fn default() -> Self {
        Self { sensitivity: Sensitivity::Medium, custom_signatures: Vec::new() }
    }
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct OffTopic {
    personal_keywords: Option<Vec<String>>,
    blocked_topics: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TokenLimit {
    max_input_tokens: u64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CostThreshold {
    max_cost_usd: Number,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Nothing {}

/// What people talk about when they do not work.
const PERSONAL: [&str; 10] = [
    "horoscope", "dating app", "lottery numbers", "movie tickets", "vacation plans", "birthday party", "video game",
    "celebrity gossip", "fantasy league", "cooking recipe",
];

/// Makes the detector of a rule, or says what is wrong with its configuration.
pub(super) fn detector(rule_type: RuleType, config: &Value) -> Result<Detector, Vec<String>> {
    match rule_type {
        RuleType::SecretDetection => secrets(read(config)?),
        RuleType::PiiDetection => pii(read(config)?),
        RuleType::PhiDetection => phi(read(config)?),
        RuleType::ProfanityFilter => {
            let Profanity { custom_patterns } = read(config)?;
            let own = patterns("custom_patterns", &custom_patterns, Case::Insensitive)?;
            Ok(Detector::Places { scanner: Scanner::new(Detectors::of(&[Category::Profanity])), own })
        }
        RuleType::CustomPattern => {
            let custom: Custom = read(config)?;
            filled("patterns", custom.patterns.is_empty())?;
            Ok(Detector::Own(patterns("patterns", &custom.patterns, case(custom.case_sensitive))?, "custom_pattern", 1.0))
        }
        RuleType::KeywordBlock => {
            let words: Keywords = read(config)?;
            filled("keywords", words.keywords.is_empty() && words.phrases.is_empty())?;
            let case = case(words.case_sensitive);
            let mut own = literal("keywords", &words.keywords, case, true)?;
            own.extend(literal("phrases", &words.phrases, case, false)?);
            Ok(Detector::Own(own, "keyword", 1.0))
        }
        RuleType::PromptInjection => {
            let attack: Attack = read(config)?;
            let families = Families { jailbreak: false, ..Families::ALL };
            attacks(Category::Injection, families, attack)
        }
        RuleType::JailbreakAttempt => {
            let families = Families { jailbreak: true, overriding: false, delimiter: false, indirect: false };
            attacks(Category::Jailbreak, families, read(config)?)
        }
        RuleType::OffTopic => {
            let topics: OffTopic = read(config)?;
            let personal = topics.personal_keywords.unwrap_or_else(|| PERSONAL.map(str::to_owned).to_vec());
            let mut own = literal("personal_keywords", &personal, Case::Insensitive, true)?;
            own.extend(literal("blocked_topics", &topics.blocked_topics, Case::Insensitive, true)?);
            Ok(Detector::Own(own, "off_topic", 0.7))
        }
        RuleType::TokenLimit => read(config).map(|TokenLimit { max_input_tokens }| Detector::Tokens(max_input_tokens)),
        RuleType::CostThreshold => {
            let CostThreshold { max_cost_usd } = read(config)?;
            let limit = UsdMicros::from_usd(max_cost_usd).filter(|limit| limit.0 > 0);
            limit.map(|limit| Detector::Cost(limit.0)).ok_or_else(|| vec!["`max_cost_usd` must be above zero".to_owned()])
        }
        RuleType::PolicyViolation | RuleType::RateAnomaly => read(config).map(|Nothing {}| Detector::Nothing),
    }
}

fn read<T: DeserializeOwned>(config: &Value) -> Result<T, Vec<String>> {
    serde_path_to_error::deserialize(config).map_err(|error| {
        let path = error.path().to_string();
        let message = error.inner().to_string();
        vec![if path == "." { message } else { format!("`{path}`: {message}") }]
    })
}

fn filled(key: &str, empty: bool) -> Result<(), Vec<String>> {
    if empty { Err(vec![format!("`{key}` is empty: the rule would find nothing")]) } else { Ok(()) }
}

const fn case(sensitive: bool) -> Case {
    if sensitive { Case::Sensitive } else { Case::Insensitive }
}

fn secrets(config: Secrets) -> Result<Detector, Vec<String>> {
    let mut detectors = Detectors::of(&[Category::Secret]);
    for kind in secret_kinds() {
        let wanted = match kind {
            _ if kind.starts_with("aws_") => config.detect_aws_keys,
            _ if kind.ends_with("private_key") || kind == "age_secret_key" => config.detect_private_keys,
            "password_field" | "basic_auth" | "url_password" | "bitbucket_app_password" => config.detect_passwords,
            "connection_string" => config.detect_connection_strings,
            _ if kind.contains("token") || kind.ends_with("_pat") => config.detect_tokens,
            _ => config.detect_api_keys,
        };
        if !wanted {
            detectors.disable(kind);
        }
    }
    disable(&mut detectors, &config.disabled_kinds)?;
    let own = patterns("custom_patterns", &config.custom_patterns, Case::Insensitive)?;
    Ok(Detector::Places { scanner: Scanner::new(detectors), own })
}

fn pii(config: Pii) -> Result<Detector, Vec<String>> {
    let mut detectors = Detectors::of(&[Category::Pii]);
    for (wanted, kinds) in [
        (config.detect_emails, &["email"][..]),
        (config.detect_phones, &["phone_us", "phone_international"]),
        (config.detect_ssn, &["ssn"]),
        (config.detect_credit_cards, &["credit_card", "amex_card"]),
        (config.detect_dob, &["date_of_birth"]),
        (config.detect_passport, &["us_passport"]),
    ] {
        for kind in kinds.iter().filter(|_| !wanted) {
            detectors.disable(kind);
        }
    }
    disable(&mut detectors, &config.disabled_kinds)?;
    Ok(Detector::Places { scanner: Scanner::new(detectors), own: Vec::new() })
}

fn phi(config: Phi) -> Result<Detector, Vec<String>> {
    let mut detectors = Detectors::of(&[Category::Phi]);
    for (wanted, kind) in [(config.detect_diagnoses, "diagnosis"), (config.detect_medications, "medication")] {
        if !wanted {
            detectors.disable(kind);
        }
    }
    disable(&mut detectors, &config.disabled_kinds)?;
    Ok(Detector::Places { scanner: Scanner::new(detectors), own: Vec::new() })
}

fn disable(detectors: &mut Detectors, kinds: &[String]) -> Result<(), Vec<String>> {
    let unknown: Vec<String> = kinds
        .iter()
        .filter(|kind| !detectors.disable(kind))
        .map(|kind| format!("`disabled_kinds`: there is no kind `{kind}`"))
        .collect();
    if unknown.is_empty() { Ok(()) } else { Err(unknown) }
}

fn attacks(category: Category, families: Families, config: Attack) -> Result<Detector, Vec<String>> {
    let own = patterns("custom_signatures", &config.custom_signatures, Case::Insensitive)?;
    Ok(Detector::Attack { category, families, sensitivity: config.sensitivity, own })
}

fn patterns(key: &str, sources: &[String], case: Case) -> Result<Vec<Pattern>, Vec<String>> {
    bounded(key, sources)?;
    let mut faults = Vec::new();
    let compiled = sources.iter().enumerate().filter_map(|(index, source)| match Pattern::new(source, case) {
        // A pattern that matches nothing at all matches everywhere.
        Ok(pattern) if pattern.is_match("") => {
            faults.push(format!("`{key}[{index}]` matches the empty text, so it would match everything"));
            None
        }
        Ok(pattern) => Some(pattern),
        Err(error) => {
            faults.push(format!("`{key}[{index}]`: {error}"));
            None
        }
    });
    let compiled: Vec<Pattern> = compiled.collect();
    if faults.is_empty() { Ok(compiled) } else { Err(faults) }
}

fn bounded(key: &str, entries: &[String]) -> Result<(), Vec<String>> {
    if entries.len() > MOST_ENTRIES {
        return Err(vec![format!("`{key}` has {} entries; at most {MOST_ENTRIES} are allowed", entries.len())]);
    }
    match entries.iter().position(|entry| entry.trim().is_empty()) {
        Some(index) => Err(vec![format!("`{key}[{index}]` is empty")]),
        None => Ok(()),
    }
}

/// Expressions that find texts letter for letter, several texts in one.
fn literal(key: &str, texts: &[String], case: Case, whole_words: bool) -> Result<Vec<Pattern>, Vec<String>> {
    bounded(key, texts)?;
    let texts: BTreeSet<&str> = texts.iter().map(|text| text.trim()).collect();
    let mut joined = vec![String::new()];
    for text in texts.into_iter().rev() {
        let part = escaped(text, whole_words);
        match joined.last_mut() {
            Some(last) if last.is_empty() => last.push_str(&part),
            Some(last) if last.len() + part.len() < MOST_JOINED => {
                last.push('|');
                last.push_str(&part);
            }
            _ => joined.push(part),
        }
    }
    joined.retain(|source| !source.is_empty());
    patterns(key, &joined, case)
}

fn escaped(text: &str, whole_words: bool) -> String {
    let is_word = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() || c == '_');
    let mut out = String::with_capacity(text.len() + 8);
    if whole_words && is_word(text.chars().next()) {
        out.push_str(r"\b");
    }
    for c in text.chars() {
        if r"\.+*?()|[]{}^$#&-~".contains(c) {
            out.push('\\');
        }
        out.push(c);
    }
    if whole_words && is_word(text.chars().next_back()) {
        out.push_str(r"\b");
    }
    out
}
