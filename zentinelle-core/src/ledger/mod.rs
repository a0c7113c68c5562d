//! What requests spend, and where it is kept.
//!
//! Evaluators never write a counter: they say what they would charge. The engine folds the
//! charges of one decision into a batch, and the host's ledger commits the batch in one
//! atomic step, all or none.

mod memory;
mod month;
#[cfg(feature = "shared-ledger")]
pub mod shared;

use std::borrow::Cow;
use std::fmt;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use self::memory::{MemoryLedger, MemoryLedgerConfig, RestoreError, Snapshot};
use crate::error::{Code, Pointer};
use crate::ids::{AgentId, DeploymentId, GroupId, ReservationId, SubOrganizationId, TenantId, UserId};

/// Whose running total a counter is. Every holder belongs to the counter's tenant.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Holder {
    /// The whole tenant.
    Tenant,
    /// One team.
    SubOrganization(SubOrganizationId),
    /// One deployment.
    Deployment(DeploymentId),
    /// One agent group.
    Group(GroupId),
    /// One agent, whoever it acts for.
    Agent(AgentId),
    /// One user, whichever agent acts for them.
    User(UserId),
    /// One agent acting for one user, or for nobody.
    AgentAndUser(AgentId, Option<UserId>),
}

/// Names one running total. Built by type from the authenticated tenant, agent and user,
/// never from texts glued together, so that no caller can open another's bucket.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
pub struct Counter {
    /// The tenant.
    pub tenant: TenantId,
    /// Whose total it is.
    pub holder: Holder,
    /// What is counted, such as `rate_limit.requests_per_minute`.
    pub meter: Cow<'static, str>,
    /// A further part of the name, such as a session or a token id, where the meter has one.
    pub subject: Option<Cow<'static, str>>,
}

impl fmt::Display for Counter {
    /// A key for stores that want text. Parts are escaped, so that two counters never share a key.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:", Part(self.tenant.as_str()), Part(&self.meter))?;
        match &self.holder {
            Holder::Tenant => f.write_str("tenant")?,
            Holder::SubOrganization(id) => write!(f, "sub_organization:{}", Part(id.as_str()))?,
            Holder::Deployment(id) => write!(f, "deployment:{}", Part(id.as_str()))?,
            Holder::Group(id) => write!(f, "group:{}", Part(id.as_str()))?,
            Holder::Agent(id) => write!(f, "agent:{}", Part(id.as_str()))?,
            Holder::User(id) => write!(f, "user:{}", Part(id.as_str()))?,
            Holder::AgentAndUser(agent, None) => write!(f, "agent_for_nobody:{}", Part(agent.as_str()))?,
            Holder::AgentAndUser(agent, Some(user)) => {
                write!(f, "agent_for_user:{}:{}", Part(agent.as_str()), Part(user.as_str()))?;
            }
        }
        match &self.subject {
            None => Ok(()),
            Some(subject) => write!(f, ":subject:{}", Part(subject)),
        }
    }
}

/// A part of a key. Most hold nothing to escape.
struct Part<'t>(&'t str);

impl fmt::Display for Part<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.0.bytes().any(|byte| matches!(byte, b'%' | b':')) {
            return f.write_str(self.0);
        }
        f.write_str(&self.0.replace('%', "%25").replace(':', "%3A"))
    }
}

/// How long a running total runs before it starts again from zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Window {
    /// From the first charge on, for so many seconds. Up to twice the limit can pass at a seam.
    Fixed {
        /// Length. Unit: seconds.
        seconds: u32,
    },
    /// The last so many seconds, in sixty steps: a charge counts for at least the whole
    /// window and at most one sixtieth longer, so the limit is never exceeded.
    Sliding {
        /// Length. Unit: seconds.
        seconds: u32,
    },
    /// The current month, UTC.
    CalendarMonth,
}

impl fmt::Display for Window {
    /// As it ends a sentence about a limit: `in a minute`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = match self {
            Self::CalendarMonth => return f.write_str("in a month"),
            Self::Fixed { seconds: u32::MAX } => return f.write_str("in all"),
            Self::Fixed { seconds } | Self::Sliding { seconds } => *seconds,
        };
        match seconds {
            60 => f.write_str("in a minute"),
            3_600 => f.write_str("in an hour"),
            86_400 => f.write_str("in a day"),
            seconds if seconds > 0 && seconds.is_multiple_of(86_400) => write!(f, "in {} days", seconds / 86_400),
            seconds if seconds > 0 && seconds.is_multiple_of(3_600) => write!(f, "in {} hours", seconds / 3_600),
            seconds if seconds > 0 && seconds.is_multiple_of(60) => write!(f, "in {} minutes", seconds / 60),
            seconds => write!(f, "in {seconds} seconds"),
        }
    }
}

/// What a quantity counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Unit {
    /// Requests or calls.
    Calls,
    /// Model tokens.
    Tokens,
    /// Millionths of a US dollar.
    UsdMicros,
    /// Bytes.
    Bytes,
}

/// What one policy asks of one counter.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Charge {
    /// The running total.
    pub counter: Counter,
    /// When the total starts again.
    pub window: Window,
    /// What the request would add. Unit: `unit`.
    pub amount: u64,
    /// What `amount` counts.
    pub unit: Unit,
    /// The most the total may reach; none counts without limit.
    pub limit: Option<u64>,
    /// Whether a total that has reached the limit refuses even an amount of zero.
    pub closed_at_limit: bool,
    /// From which total on a warning is due.
    pub warn_at: Option<u64>,
    /// The code of a refusal.
    pub code: Code,
    /// The code of the warning that is due from `warn_at` on.
    pub near_code: Code,
    /// The key of the policy's configuration that sets the limit.
    pub pointer: Pointer,
}

impl Charge {
    /// The most the total may be once the amount is added, and none without a limit.
    #[must_use]
    pub fn ceiling(&self) -> Option<u64> {
        let full_counts = self.closed_at_limit && self.amount == 0;
        self.limit.map(|limit| if full_counts { limit.saturating_sub(1) } else { limit })
    }

    /// Whether the limit admits the amount on top of what is used already.
    #[must_use]
    pub fn fits(&self, used: u64) -> bool {
        self.ceiling().is_none_or(|ceiling| used.saturating_add(self.amount) <= ceiling)
    }

    /// Whether a warning is due once the amount is added.
    #[must_use]
    pub fn is_near(&self, used: u64) -> bool {
        self.warn_at.is_some_and(|level| used.saturating_add(self.amount) >= level)
    }
}

/// One line of a batch: all that a ledger needs to know. A batch holds each counter once.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Posting {
    /// The running total.
    pub counter: Counter,
    /// When the total starts again.
    pub window: Window,
    /// What to add. Unit: `unit`.
    pub amount: u64,
    /// What `amount` counts; decides which part of the true usage settles a reservation.
    pub unit: Unit,
    /// The most the total may be once the amount is added: the tightest enforced limit.
    /// None adds without asking.
    pub limit: Option<u64>,
}

impl Posting {
    /// Whether the limit admits the amount on top of what is used already.
    #[must_use]
    pub fn fits(&self, used: u64) -> bool {
        self.limit.is_none_or(|limit| used.saturating_add(self.amount) <= limit)
    }
}

/// Everything one decision would spend.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Batch {
    /// The lines, each counter once.
    pub postings: Vec<Posting>,
    /// The instant of the request.
    #[schemars(with = "String")]
    pub now: Timestamp,
    /// Commit, or only look.
    pub mode: Mode,
    /// Keeps the amounts open for settlement under this id.
    pub reservation: Option<ReservationId>,
}

/// Whether a batch is spent or only looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// Add every amount, or none when one does not fit.
    Commit,
    /// Read only: for dry runs and for requests that are denied anyway.
    Peek,
}

/// What a ledger answers: whether the batch was spent, and each total as it stood before.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Outcome {
    /// Whether the amounts were added. Always false when only looking.
    pub committed: bool,
    /// One reading for each posting, in the same order.
    pub readings: Vec<Reading>,
}

/// One running total, as it stood before the batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Reading {
    /// The total so far in the current window.
    pub used: u64,
    /// When the window ends and the total starts again; for a sliding window, the earliest
    /// instant at which the total can fall.
    #[schemars(with = "String")]
    pub resets_at: Timestamp,
}

/// The true usage of a request whose charges were reserved. What is unknown settles at the
/// reserved amount, never at zero.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Usage {
    /// Tokens of all classes. Unit: tokens.
    pub tokens: Option<u64>,
    /// Cost. Unit: millionths of a US dollar.
    pub usd_micros: Option<u64>,
    /// Bytes. Unit: bytes.
    pub bytes: Option<u64>,
}

impl Usage {
    /// The true amount of a unit, if known. Calls are never settled: the call was made.
    #[must_use]
    pub fn of(&self, unit: Unit) -> Option<u64> {
        match unit {
            Unit::Calls => None,
            Unit::Tokens => self.tokens,
            Unit::UsdMicros => self.usd_micros,
            Unit::Bytes => self.bytes,
        }
    }
}

/// What settling did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Settlement {
    /// Whether the reservation was still open.
    pub found: bool,
    /// Whether the true usage passed the reservation. The excess is counted all the same:
    /// money that is gone is never hidden.
    pub overran: bool,
}

/// Where totals are kept. One call is one atomic step.
pub trait Ledger {
    /// Adds every amount of the batch, or none when one does not fit; or only looks.
    /// A reservation id that is still open refuses the batch as [`LedgerError::ReservationExists`].
    fn apply(&self, batch: &Batch) -> Result<Outcome, LedgerError>;

    /// Replaces the reserved amounts by the true ones, in the windows they were charged to.
    fn settle(&self, reservation: &ReservationId, usage: &Usage, now: Timestamp) -> Result<Settlement, LedgerError>;

    /// Gives every reserved amount back: the request was not made after all.
    fn release(&self, reservation: &ReservationId, now: Timestamp) -> Result<Settlement, LedgerError>;
}

/// A ledger that cannot answer. The request is then denied.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LedgerError {
    /// The store is away.
    #[error("the ledger is unavailable: {0}")]
    Unavailable(String),
    /// Every place is taken by a total that still runs.
    #[error("the ledger holds its most of {limit} running totals")]
    Full {
        /// The most totals it holds.
        limit: usize,
    },
    /// The id of a reservation was used before and is still open.
    #[error("reservation `{0}` is already open")]
    ReservationExists(ReservationId),
}
