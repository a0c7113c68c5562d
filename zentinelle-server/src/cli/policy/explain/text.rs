//! The explanation for people.

use serde_json::Value;
use zentinelle_core::Enforcement;

use super::{Explanation, PolicyExplanation, Setting, TypeExplanation};
use crate::cli::error::CommandError;
use crate::cli::output::{Console, GOOD, QUIET, STRONG, count, shortened, visible, wrapped};

/// Items of a list that are shown.
const MAX_ITEMS: usize = 12;
/// Columns of one value that are shown.
const MAX_VALUE: usize = 200;

pub(super) fn show(explanation: &Explanation, console: &mut Console) -> Result<(), CommandError> {
    for (number, kind) in explanation.types.iter().enumerate() {
        if number > 0 {
            console.line("")?;
        }
        show_type(kind, console)?;
    }
    if explanation.types.is_empty() {
        console.line("no such policy in the document")?;
    }
    let Some(whom) = &explanation.whom else { return Ok(()) };
    let applying = explanation.standings.iter().filter(|standing| standing.applies).count();
    let title = format!("For {}: {} apply", visible(whom), count(applying, "policy", "policies"));
    let title = if applying == 1 { title.replace("policy apply", "policy applies") } else { title };
    console.line(format_args!("\n{}", console.paint(STRONG, title)))?;
    for standing in &explanation.standings {
        let mark = if standing.applies { console.paint(GOOD, "✓") } else { console.paint(QUIET, "–") };
        let line = format!("`{}` ({}): {}", standing.name, standing.policy_type, standing.because);
        paragraph(&format!("  {mark} "), 4, &line, console)?;
    }
    Ok(())
}

fn show_type(kind: &TypeExplanation, console: &mut Console) -> Result<(), CommandError> {
    console.line(console.paint(STRONG, &kind.name))?;
    paragraph("  ", 2, &kind.description, console)?;
    for policy in &kind.policies {
        show_policy(policy, console)?;
    }
    if !kind.contests.is_empty() {
        console.line("")?;
    }
    for contest in &kind.contests {
        let line = format!(
            "For {}, `{}` takes the place of `{}`: {}.",
            contest.whom, contest.winner, contest.displaced, contest.because
        );
        paragraph("  ", 2, &line, console)?;
    }
    Ok(())
}

fn show_policy(policy: &PolicyExplanation, console: &mut Console) -> Result<(), CommandError> {
    let mut facts = vec![format!("for {}", policy.whom), policy.consequence.to_owned()];
    if policy.floor {
        facts.push("a floor: nothing displaces it".to_owned());
    }
    if policy.priority != 0 {
        facts.push(format!("priority {}", policy.priority));
    }
    console.line("")?;
    paragraph("  ", 2, &format!("`{}`, {}", policy.name, facts.join(", ")), console)?;
    if !policy.description.is_empty() {
        paragraph("    ", 4, &policy.description, console)?;
    }
    for setting in &policy.settings {
        paragraph("    ", 6, &sentence(setting), console)?;
    }
    if policy.settings.is_empty() && policy.enforcement != Enforcement::Disabled {
        paragraph("    ", 4, "everything as by default", console)?;
    }
    Ok(())
}

fn sentence(setting: &Setting) -> String {
    let value = shown(&setting.value);
    let value = shortened(&value, MAX_VALUE);
    match setting.meaning.as_str() {
        "" => format!("{}: {value}", setting.key),
        meaning => format!("{}: {value} — {meaning}", setting.key),
    }
}

fn shown(value: &Value) -> String {
    match value {
        Value::String(text) => format!("`{text}`"),
        Value::Array(items) if items.is_empty() => "none".to_owned(),
        Value::Array(items) => {
            let mut shown: Vec<String> = items.iter().take(MAX_ITEMS).map(self::shown).collect();
            if items.len() > MAX_ITEMS {
                shown.push(format!("and {} more", items.len() - MAX_ITEMS));
            }
            shown.join(", ")
        }
        other => other.to_string(),
    }
}

/// Writes text behind a lead, further lines indented.
fn paragraph(lead: &str, indent: usize, text: &str, console: &mut Console) -> Result<(), CommandError> {
    let width = console.width().map(|width| width.saturating_sub(indent).max(20));
    for (number, line) in wrapped(&visible(text), width).iter().enumerate() {
        match number {
            0 => console.line(format_args!("{lead}{line}"))?,
            _ => console.line(format_args!("{:indent$}{line}", ""))?,
        }
    }
    Ok(())
}
