//! How frameworks stand, as OSCAL assessment results 1.1.2 (JSON), which audit tools read.
//!
//! Each framework is one result; each piece of evidence an observation; each control a finding
//! that refers to its observations. Ids follow from the report's, so one report is always the same.

use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::{Control, Evidence, Judged, State, Verdict};
use crate::clock;

/// The version of OSCAL.
const VERSION: &str = "1.1.2";
/// The namespace of what OSCAL has no word for.
const NAMESPACE: &str = "https://zentinelle.ai/ns/oscal";

/// The document for some frameworks. `report` is what its ids follow from.
pub(crate) fn document(report: &str, organisation: &str, at: i64, frameworks: &[&Judged]) -> Value {
    let id = |parts: &[&str]| uuid(report, parts);
    let plan = id(&["plan"]);
    let results: Vec<Value> = frameworks.iter().map(|judged| result(report, judged)).collect();
    json!({
        "assessment-results": {
            "uuid": id(&["document"]),
            "metadata": {
                "title": format!("Compliance of {organisation}"),
                "last-modified": clock::iso(at),
                "version": report,
                "oscal-version": VERSION,
                "parties": [{ "uuid": id(&["organisation"]), "type": "organization", "name": organisation }],
                "remarks": "Computed from policies in force and records kept. Controls that this server cannot see are not satisfied here, with the reason `other`.",
            },
            "import-ap": { "href": format!("#{plan}") },
            "results": results,
            "back-matter": {
                "resources": [{
                    "uuid": plan,
                    "title": "Automated assessment plan",
                    "description": "Every control of every enabled framework is judged by its checks against the state of the organisation.",
                }],
            },
        }
    })
}

fn result(report: &str, judged: &Judged) -> Value {
    let framework = judged.framework;
    let at = clock::iso(judged.at);
    let mut observations = Vec::new();
    let mut findings = Vec::new();
    let mut selected = Vec::new();
    for (control, verdict) in &judged.controls {
        let token = token(&framework.id, &control.id);
        let related: Vec<Value> = verdict
            .evidence
            .iter()
            .enumerate()
            .map(|(number, evidence)| {
                let id = uuid(report, &[&framework.id, &control.id, "evidence", &number.to_string()]);
                observations.push(observation(&id, evidence, &at));
                json!({ "observation-uuid": id })
            })
            .collect();
        findings.push(finding(report, judged, control, verdict, &token, related));
        selected.push(json!({ "control-id": token }));
    }
    let mut result = json!({
        "uuid": uuid(report, &[&framework.id]),
        "title": format!("{} ({})", framework.name, framework.version),
        "description": framework.description.trim(),
        "start": at,
        "end": at,
        "props": [{ "name": "framework", "ns": NAMESPACE, "value": framework.id }],
        "links": [{ "href": framework.source, "rel": "reference" }],
        "reviewed-controls": { "control-selections": [{ "include-controls": selected }] },
        "findings": findings,
    });
    // OSCAL knows no empty lists.
    if let (Some(result), false) = (result.as_object_mut(), observations.is_empty()) {
        result.insert("observations".to_owned(), observations.into());
    }
    result
}

fn observation(id: &str, evidence: &Evidence, at: &str) -> Value {
    json!({
        "uuid": id,
        "title": evidence.kind,
        "description": evidence.summary,
        "methods": ["TEST"],
        "types": ["control-objective"],
        "props": [
            { "name": "reference", "ns": NAMESPACE, "value": shown(&evidence.reference) },
            { "name": "supports", "ns": NAMESPACE, "value": evidence.supports.to_string() },
        ],
        "collected": evidence.observed_at.as_deref().unwrap_or(at),
    })
}

fn finding(
    report: &str,
    judged: &Judged,
    control: &Control,
    verdict: &Verdict,
    token: &str,
    related: Vec<Value>,
) -> Value {
    let mut status = json!({ "state": if verdict.state == State::Met { "satisfied" } else { "not-satisfied" } });
    if let Some(status) = status.as_object_mut() {
        let reason = match verdict.state {
            State::Met => "pass",
            State::Partial | State::NotMet => "fail",
            State::NotAssessed => "other",
        };
        status.insert("reason".to_owned(), reason.into());
        if !verdict.why.is_empty() {
            status.insert("remarks".to_owned(), verdict.why.as_str().into());
        }
    }
    let name = format!("{} {}", control.id, control.title);
    let description =
        if verdict.advice.is_empty() { name.clone() } else { format!("{name}. Advice: {}", verdict.advice) };
    let mut finding = json!({
        "uuid": uuid(report, &[&judged.framework.id, &control.id, "finding"]),
        "title": name,
        "description": description,
        "props": [
            { "name": "status", "ns": NAMESPACE, "value": crate::store::wire_name(&verdict.state) },
            { "name": "control", "ns": NAMESPACE, "value": control.id },
        ],
        "target": { "type": "objective-id", "target-id": token, "status": status },
    });
    if let (Some(finding), false) = (finding.as_object_mut(), related.is_empty()) {
        finding.insert("related-observations".to_owned(), related.into());
    }
    finding
}

/// A control's id as OSCAL allows ids: it begins with a letter, and holds letters, digits, `.`,
/// `-` and `_`.
fn token(framework: &str, control: &str) -> String {
    let plain = |text: &str| {
        let mut out = String::new();
        for letter in text.to_ascii_lowercase().chars() {
            if letter.is_ascii_alphanumeric() || letter == '.' {
                out.push(letter);
            } else if !out.ends_with('-') {
                out.push('-');
            }
        }
        out.trim_matches('-').to_owned()
    };
    format!("{}_{}", plain(framework), plain(control))
}

/// A property's value may be neither empty nor framed in blanks.
fn shown(text: &str) -> &str {
    Some(text.trim()).filter(|text| !text.is_empty()).unwrap_or("none")
}

/// An id that follows from its parts; OSCAL wants version 4 or 5.
fn uuid(report: &str, parts: &[&str]) -> String {
    let mut digest = Sha256::new();
    for part in std::iter::once(&report).chain(parts) {
        digest.update((part.len() as u64).to_be_bytes());
        digest.update(part.as_bytes());
    }
    let mut bytes = [0_u8; 16];
    for (place, byte) in bytes.iter_mut().zip(digest.finalize()) {
        *place = byte;
    }
    uuid::Builder::from_sha1_bytes(bytes).into_uuid().to_string()
}

#[cfg(test)]
mod tests {
    use super::{token, uuid};

    #[test]
    fn ids_are_tokens_and_follow_from_their_parts() {
        assert_eq!(token("HIPAA", "164.312(a)(2)(iv)"), "hipaa_164.312-a-2-iv");
        assert_eq!(token("EU_AI_ACT", "Art. 12"), "eu-ai-act_art.-12");
        assert_eq!(uuid("r", &["a", "b"]), uuid("r", &["a", "b"]));
        assert_ne!(uuid("r", &["ab"]), uuid("r", &["a", "b"]));
        assert_eq!(uuid::Uuid::try_parse(&uuid("r", &[])).map(|id| id.get_version_num()), Ok(5));
    }
}
