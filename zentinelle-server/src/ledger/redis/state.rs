//! Totals as the scripts write them.

use zentinelle_core::ledger::Window;

use crate::ledger::total::Total;

/// A total as the scripts write it.
pub(super) fn state_text(total: &Total) -> String {
    match total {
        Total::Open { start, end, used } => format!("{start} {end} {used}"),
        Total::Sliding { steps } => {
            let steps: Vec<_> = steps.iter().map(|(step, amount)| format!("{step}={amount}")).collect();
            steps.join(" ")
        }
    }
}

/// Reads what a script wrote.
pub(super) fn parse_state(window: Window, text: &str) -> Option<Total> {
    match window {
        Window::Fixed { .. } | Window::CalendarMonth => {
            let mut parts = text.split(' ');
            let (start, end, used) = (parts.next()?, parts.next()?, parts.next()?);
            Some(Total::Open { start: start.parse().ok()?, end: end.parse().ok()?, used: used.parse().ok()? })
        }
        Window::Sliding { .. } => {
            let step = |part: &str| {
                let (step, amount) = part.split_once('=')?;
                Some((step.parse().ok()?, amount.parse().ok()?))
            };
            Some(Total::Sliding { steps: text.split_whitespace().map(step).collect::<Option<_>>()? })
        }
    }
}
