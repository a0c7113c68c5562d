//! The one scale of the risk register.
//!
//! A factor is 1, 2, 3, 5 or 8: steps that grow, because nobody can tell a 6 from a 7. A score is
//! severity x likelihood x impact, 1 to 512, and the bands of a score are the same everywhere.

use serde::{Deserialize, Serialize};
use utoipa::openapi::schema::{ObjectBuilder, Type};
use utoipa::openapi::{RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

/// The values of a factor.
pub(crate) const FACTORS: [i64; 5] = [1, 2, 3, 5, 8];
/// The highest score there is.
pub(crate) const MOST_SCORE: i64 = 512;

/// How severe, likely or far-reaching.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "i64")]
pub(crate) struct Factor(i64);

impl Factor {
    /// As the database keeps it.
    pub(crate) const fn value(self) -> i64 {
        self.0
    }
}

impl Default for Factor {
    fn default() -> Self {
        Self(3)
    }
}

impl TryFrom<i64> for Factor {
    type Error = String;

    fn try_from(value: i64) -> Result<Self, String> {
        if FACTORS.contains(&value) {
            return Ok(Self(value));
        }
        Err(format!("{value} is not on the scale: write 1, 2, 3, 5 or 8"))
    }
}

impl PartialSchema for Factor {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(Type::Integer)
            .enum_values(Some(FACTORS))
            .description(Some("A step of the scale: 1 very low, 2 low, 3 moderate, 5 high, 8 very high."))
            .into()
    }
}

impl ToSchema for Factor {}

/// What a factor is called.
pub(crate) fn factor_label(value: i64) -> &'static str {
    match value {
        1 => "Very low",
        2 => "Low",
        3 => "Moderate",
        5 => "High",
        8 => "Very high",
        _ => "Unknown",
    }
}

/// The band of a score.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = RiskLevel)]
pub(crate) enum Level {
    /// Below 18.
    Low,
    /// From 18.
    Medium,
    /// From 75.
    High,
    /// From 200.
    Critical,
}

impl Level {
    /// Every band, lowest first.
    pub(crate) const ALL: [Self; 4] = [Self::Low, Self::Medium, Self::High, Self::Critical];

    /// The band of a score.
    pub(crate) const fn of(score: i64) -> Self {
        match score {
            ..18 => Self::Low,
            18..75 => Self::Medium,
            75..200 => Self::High,
            200.. => Self::Critical,
        }
    }

    /// The band as it is written.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::Critical => "critical",
        }
    }

    /// The lowest score of the band, and the first above it.
    pub(crate) const fn bounds(self) -> (i64, i64) {
        match self {
            Self::Low => (1, 18),
            Self::Medium => (18, 75),
            Self::High => (75, 200),
            Self::Critical => (200, MOST_SCORE + 1),
        }
    }

    /// After how many days a risk of the band is looked at again, where nobody says otherwise.
    pub(crate) const fn review_days(self) -> i64 {
        match self {
            Self::Critical => 30,
            Self::High => 90,
            Self::Medium => 180,
            Self::Low => 365,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{FACTORS, Factor, Level};

    #[test]
    fn only_steps_of_the_scale_are_factors_and_the_error_says_which_they_are() {
        for value in FACTORS {
            assert!(Factor::try_from(value).is_ok());
        }
        for value in [0, 4, 6, 9, -1] {
            let error = Factor::try_from(value).expect_err("off the scale");
            assert!(error.contains("1, 2, 3, 5 or 8"), "{error}");
        }
    }

    #[test]
    fn bands_meet_without_a_gap() {
        for pair in Level::ALL.windows(2) {
            assert_eq!(pair[0].bounds().1, pair[1].bounds().0);
        }
        for level in Level::ALL {
            let (from, to) = level.bounds();
            assert_eq!((Level::of(from), Level::of(to - 1)), (level, level));
        }
        assert_eq!((Level::of(8 * 8 * 8), Level::of(1)), (Level::Critical, Level::Low));
    }
}
