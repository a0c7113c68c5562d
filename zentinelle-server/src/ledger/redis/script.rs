//! The scripts, each one step of the ledger and one round trip. What every host of such a ledger
//! calls stands in the core; here is what only servers do.

use std::sync::LazyLock;

use redis::Script;
use zentinelle_core::ledger::shared::{self, NUMBERS};

macro_rules! script {
    ($($(#[$doc:meta])* $name:ident = $text:expr;)*) => {$(
        $(#[$doc])*
        pub(super) static $name: LazyLock<Script> = LazyLock::new(|| Script::new($text));
    )*};
}

script! {
    /// Adds batches, or looks. Answers one text, a line for each answer: a client reads that much
    /// faster than a list of many short texts, none of which holds a line end.
    APPLY = &["local function apply()\n", shared::APPLY, "\nend\nreturn table.concat(apply(), '\\n')\n"].concat();
    /// Settles or releases a reservation.
    SETTLE = shared::SETTLE;
    /// Raises totals to what was seen of them.
    MERGE = &[NUMBERS, include_str!("lua/merge.lua")].concat();
    /// Notes that a server pushed what it knew.
    PUSHED = include_str!("lua/pushed.lua");
    /// Holds the recovery's lock for longer.
    HOLD = include_str!("lua/hold.lua");
    /// Begins a new epoch.
    FINISH = include_str!("lua/finish.lua");
}
