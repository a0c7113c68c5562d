//! The scripts, each one step of the ledger and one round trip.

use std::sync::LazyLock;

use redis::Script;

macro_rules! script {
    ($($(#[$doc:meta])* $name:ident = $file:literal;)*) => {$(
        $(#[$doc])*
        pub(super) static $name: LazyLock<Script> =
            LazyLock::new(|| Script::new(concat!(include_str!("lua/numbers.lua"), include_str!($file))));
    )*};
}

script! {
    /// Adds a batch, or looks.
    APPLY = "lua/apply.lua";
    /// Settles or releases a reservation.
    SETTLE = "lua/settle.lua";
    /// Raises totals to what was seen of them.
    MERGE = "lua/merge.lua";
    /// Notes that a server pushed what it knew.
    PUSHED = "lua/pushed.lua";
    /// Holds the recovery's lock for longer.
    HOLD = "lua/hold.lua";
    /// Begins a new epoch.
    FINISH = "lua/finish.lua";
}
