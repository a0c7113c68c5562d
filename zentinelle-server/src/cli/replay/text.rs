//! The comparison for people: first how much it rests on, then what changes.

use std::collections::BTreeMap;

use serde_json::Value;

use super::comparison::{Changes, Comparison};
use crate::cli::error::CommandError;
use crate::cli::output::{BAD, Console, GOOD, NOTICE, STRONG, columns, count, fitted, grouped, visible, wrapped};

/// Rows shown of each table.
const MAX_ROWS: usize = 10;
/// Columns of a name in a table.
const NAME_WIDTH: usize = 40;

pub(super) fn show(comparison: &Comparison, console: &mut Console) -> Result<(), CommandError> {
    let total = comparison.requests;
    let mut title = count(total, "request", "requests");
    if let (Some(first), Some(last)) = (comparison.first, comparison.last) {
        title += &format!(" from {first} to {last}");
    }
    console.line(console.paint(STRONG, title))?;
    if comparison.unreadable > 0 {
        let lines = count(comparison.unreadable, "line", "lines");
        console.line(console.paint(NOTICE, format!("{lines} could not be read and are not counted")))?;
    }
    if total == 0 {
        return Ok(());
    }
    let covered =
        format!("{} of {} ({})", grouped(comparison.covered), grouped(total), percent(comparison.covered, total));
    // A quiet result means little when the policies had nothing to say.
    let style = if comparison.covered * 2 < total { NOTICE } else { GOOD };
    let covered = console.paint(style, covered);
    console.line(format_args!("  covered  {covered}: a policy of the candidate had something to say"))?;
    if comparison.without_policy > 0 {
        console.line(format_args!("           to {} no policy applies at all", grouped(comparison.without_policy)))?;
    }
    let before = if comparison.compared_with == "baseline" { "the baseline" } else { "as recorded" };
    for (name, answers, whose) in
        [("before", &comparison.before, before), ("after", &comparison.after, "the candidate")]
    {
        let (permitted, denied) = (grouped(answers.permitted), grouped(answers.denied));
        console.line(format_args!("  {name:<7}  {permitted} permitted, {denied} denied ({whose})"))?;
    }
    changes("newly denied", &comparison.newly_denied, total, BAD, console)?;
    changes("newly allowed", &comparison.newly_allowed, total, NOTICE, console)?;
    if comparison.changes() == 0 {
        console.line(format_args!("\n{}", console.paint(GOOD, "no answer changes")))?;
    }
    Ok(())
}

fn changes(
    title: &str,
    changes: &Changes,
    total: usize,
    style: anstyle::Style,
    console: &mut Console,
) -> Result<(), CommandError> {
    if changes.requests == 0 {
        return Ok(());
    }
    let title = console.paint(style.bold(), format!("{title}: {}", grouped(changes.requests)));
    console.line(format_args!("\n{title} ({})", percent(changes.requests, total)))?;
    table("by policy", &changes.by_policy, console)?;
    table("by agent", &changes.by_agent, console)?;
    if changes.samples.is_empty() {
        return Ok(());
    }
    console.line("  for example")?;
    for sample in &changes.samples {
        let id = match &sample.id {
            Some(Value::String(id)) => format!(" ({id})"),
            Some(other) => format!(" ({other})"),
            None => String::new(),
        };
        let line = format!("line {}{id}, {}, {}: {}", sample.line, sample.agent_id, sample.request, sample.reason);
        let width = console.width().map(|width| width.saturating_sub(6).max(20));
        for (number, part) in wrapped(&visible(&line), width).iter().enumerate() {
            console.line(format_args!("{}{part}", if number == 0 { "    " } else { "      " }))?;
        }
    }
    Ok(())
}

/// The greatest rows first.
fn table(title: &str, rows: &BTreeMap<String, usize>, console: &mut Console) -> Result<(), CommandError> {
    console.line(format_args!("  {title}"))?;
    let mut sorted: Vec<(&String, &usize)> = rows.iter().collect();
    sorted.sort_by(|(_, one), (_, other)| other.cmp(one));
    let shown = sorted.iter().take(MAX_ROWS);
    let width = shown.clone().map(|(name, _)| columns(name)).max().unwrap_or_default().min(NAME_WIDTH);
    let digits = shown.clone().map(|(_, number)| grouped(**number).len()).max().unwrap_or_default();
    for (name, number) in shown {
        console.line(format_args!("    {}  {:>digits$}", fitted(&visible(name), width), grouped(**number)))?;
    }
    if let Some(more) = sorted.len().checked_sub(MAX_ROWS).filter(|more| *more > 0) {
        console.line(format_args!("    and {} more", grouped(more)))?;
    }
    Ok(())
}

/// With one decimal, and never 0 % or 100 % for what is not quite that.
fn percent(part: usize, total: usize) -> String {
    if total == 0 {
        return "0 %".to_owned();
    }
    match (part.saturating_mul(1000) + total / 2) / total {
        0 if part > 0 => "under 0.1 %".to_owned(),
        1000 if part < total => "over 99.9 %".to_owned(),
        tenths => format!("{}.{} %", tenths / 10, tenths % 10),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_that_is_not_nothing_does_not_read_as_nothing() {
        assert_eq!(percent(1, 3), "33.3 %");
        assert_eq!(percent(1, 1_000_000), "under 0.1 %");
        assert_eq!(percent(999_999, 1_000_000), "over 99.9 %");
        assert_eq!(percent(5, 5), "100.0 %");
    }
}
