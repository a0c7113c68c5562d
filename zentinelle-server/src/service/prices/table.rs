//! The price table: which row prices a call.
//!
//! A row names a model; it also prices the model's dated and tagged forms, such as
//! `gpt-4o-2024-08-06` or `claude-sonnet-4-5@20250929`. Of several rows the longest name wins,
//! then the latest date. A name that only begins alike is another model, and unknown.

use serde::Deserialize;

use super::{Cost, Rate, Usage};
use crate::clock;
use crate::snapshot::UnknownModelPrice;

/// The name with which a tenant prices every model it has no row for.
pub(crate) const ANY: &str = "*";

/// One row, of the built-in table or of a tenant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Price {
    /// The vendor, in the one spelling of [`vendor`].
    pub(crate) provider: String,
    /// The model.
    pub(crate) model: String,
    /// What it costs.
    pub(crate) rate: Rate,
    /// What it costs once the input is long, and from which length. Unit: tokens.
    pub(crate) long: Option<(u64, Rate)>,
    /// The most it writes in one answer, where that is known. Unit: tokens.
    pub(crate) most_output: Option<u64>,
    /// From when on. Unit: microseconds since 1970.
    pub(crate) effective_at: i64,
    /// Where the figures come from and how far they were compared, in the words of the file's note.
    pub(crate) source: String,
    /// Whether the model is too far from today's to stand for one that is unknown.
    pub(crate) superseded: bool,
    /// The tenant's row; none for the built-in table.
    pub(crate) id: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    #[expect(dead_code, reason = "for the file's readers")]
    note: String,
    prices: Vec<Row>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    provider: String,
    model: String,
    effective: String,
    input: u64,
    output: u64,
    cached_input: Option<u64>,
    cache_write: Option<u64>,
    long: Option<Long>,
    max_output_tokens: Option<u64>,
    #[serde(default)]
    superseded: bool,
    source: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Long {
    above_input_tokens: u64,
    input: u64,
    output: u64,
    cached_input: Option<u64>,
    cache_write: Option<u64>,
}

/// The table that ships with the server.
pub(crate) fn built_in() -> &'static [Price] {
    static TABLE: std::sync::LazyLock<Vec<Price>> = std::sync::LazyLock::new(|| {
        // A test reads the file, so what is built can be read.
        read(include_str!("../../../data/prices.json")).unwrap_or_default()
    });
    &TABLE
}

fn read(document: &str) -> Result<Vec<Price>, String> {
    let document: Document = serde_json::from_str(document).map_err(|error| error.to_string())?;
    let price = |row: Row| {
        let effective = clock::parse(&row.effective).ok_or_else(|| format!("{}: no date", row.model))?;
        let rate = |input, output, cached_input, cache_write| Rate { input, output, cached_input, cache_write };
        Ok(Price {
            rate: rate(row.input, row.output, row.cached_input, row.cache_write),
            long: row.long.map(|long| {
                (long.above_input_tokens, rate(long.input, long.output, long.cached_input, long.cache_write))
            }),
            most_output: row.max_output_tokens,
            provider: row.provider,
            model: row.model,
            effective_at: clock::micros(effective),
            source: row.source,
            superseded: row.superseded,
            id: None,
        })
    };
    document.prices.into_iter().map(price).collect()
}

/// Prices of a tenant over the built-in table.
#[derive(Debug, Default)]
pub(crate) struct Prices {
    own: Vec<Price>,
}

impl Prices {
    /// With a tenant's own rows.
    pub(crate) fn with(own: Vec<Price>) -> Self {
        Self { own }
    }

    /// Every row, the tenant's first.
    pub(crate) fn rows(&self) -> impl Iterator<Item = &Price> {
        self.own.iter().chain(built_in())
    }

    /// What a model's tokens cost at an instant; none where it has no price.
    pub(crate) fn rate(&self, provider: &str, model: &str, at: i64) -> Option<Rate> {
        let (provider, model) = (vendor(provider), bare(model));
        let known = find(&self.own, &provider, &model, at).or_else(|| find(built_in(), &provider, &model, at));
        known.map(|price| price.rate)
    }

    /// What a call costs.
    pub(crate) fn cost(&self, provider: &str, model: &str, usage: &Usage, at: i64, unknown: UnknownModelPrice) -> Cost {
        self.of(provider, model, at).cost(usage, unknown)
    }

    /// What is known of a model's price at an instant, looked up once for several questions.
    pub(crate) fn of(&self, provider: &str, model: &str, at: i64) -> ModelPrice<'_> {
        let (provider, model) = (vendor(provider), bare(model));
        let row = find(&self.own, &provider, &model, at).or_else(|| find(built_in(), &provider, &model, at));
        ModelPrice { table: self, provider, model, at, row }
    }

    /// The tenant's row for models without one.
    fn for_any(&self, provider: &str, at: i64) -> Option<&Price> {
        let rows = self.own.iter().filter(|row| row.model == ANY && row.effective_at <= at);
        let rows = rows.filter(|row| row.provider.is_empty() || row.provider == provider);
        rows.max_by_key(|row| (row.provider.len(), row.effective_at))
    }

    /// For each class of tokens, the highest price in force.
    fn dearest(&self, provider: &str, at: i64, unknown: UnknownModelPrice) -> Rate {
        let of_vendor = |row: &&Price| row.provider == provider;
        let whole = unknown == UnknownModelPrice::MostExpensive || !self.rows().any(|row| of_vendor(&row));
        let counted = self.rows().filter(|row| row.effective_at <= at && !row.superseded && row.model != ANY);
        let dearest = counted.filter(|row| whole || of_vendor(row)).fold(Rate::default(), |most, row| {
            most.and(&row.rate).and(&row.long.as_ref().map_or(Rate::default(), |(_, rate)| *rate))
        });
        if dearest == Rate::default() {
            // Before the first date of the table: whatever it says at all.
            return self.rows().fold(Rate::default(), |most, row| most.and(&row.rate));
        }
        dearest
    }
}

/// What the table says of one model at one instant.
#[derive(Debug)]
pub(crate) struct ModelPrice<'p> {
    table: &'p Prices,
    provider: String,
    model: String,
    at: i64,
    row: Option<&'p Price>,
}

impl ModelPrice<'_> {
    /// What a call costs.
    pub(crate) fn cost(&self, usage: &Usage, unknown: UnknownModelPrice) -> Cost {
        if let Some(price) = self.row {
            return Cost { usd_micros: price.rate_for(usage).cost(usage), known: true };
        }
        let any = self.table.for_any(&self.provider, self.at);
        let rate = any.map_or_else(|| self.table.dearest(&self.provider, self.at, unknown), |row| row.rate);
        // A call of an unknown model that used nothing still is not free.
        Cost { usd_micros: rate.cost(usage).max(1), known: false }
    }

    /// Whether somebody set a price for the model, be it the tenant's for every model it has no row for.
    pub(crate) fn is_set(&self) -> bool {
        self.row.is_some() || self.table.for_any(&self.provider, self.at).is_some()
    }

    /// The most the model writes in one answer, where that is known. Unit: tokens.
    pub(crate) fn most_output(&self) -> Option<u64> {
        find(built_in(), &self.provider, &self.model, i64::MAX)?.most_output
    }
}

impl Price {
    fn rate_for(&self, usage: &Usage) -> &Rate {
        match &self.long {
            Some((above, rate)) if usage.whole_input() > *above => rate,
            _ => &self.rate,
        }
    }
}

fn find<'p>(rows: &'p [Price], provider: &str, model: &str, at: i64) -> Option<&'p Price> {
    let fits = |row: &&Price| {
        (provider.is_empty() || row.provider.is_empty() || row.provider == provider) && is_form_of(model, &row.model)
    };
    let in_force = rows.iter().filter(fits).filter(|row| row.effective_at <= at);
    let best = in_force.max_by_key(|row| (row.model.len(), row.effective_at));
    // A call from before the first price of its model is priced by that first price.
    best.or_else(|| rows.iter().filter(fits).min_by_key(|row| (std::cmp::Reverse(row.model.len()), row.effective_at)))
}

/// Whether a name is a model's, with at most a date, a version or a tag such as `latest` behind.
fn is_form_of(name: &str, model: &str) -> bool {
    let Some(rest) = name.strip_prefix(model).filter(|_| !model.is_empty() && model != ANY) else { return false };
    if rest.is_empty() {
        return true;
    }
    let tag = |part: &str| {
        let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        // One or two digits would be the next version of the model, as in `claude-opus-4-1`.
        matches!(part, "latest" | "preview" | "exp" | "experimental" | "stable")
            || (digits(part) && part.len() >= 3)
            || part.strip_prefix('v').is_some_and(digits)
    };
    let Some(rest) = rest.strip_prefix(['-', '@', ':']) else { return false };
    let date = rest.as_bytes();
    if date.len() >= 10 && date.get(4) == Some(&b'-') && date.get(7) == Some(&b'-') {
        let (day, behind) = rest.split_at_checked(10).unwrap_or((rest, ""));
        let sound = day.split('-').all(|part| part.bytes().all(|byte| byte.is_ascii_digit()));
        return sound && (behind.is_empty() || behind.starts_with(['-', ':']));
    }
    let mut parts = rest.split(['-', '@', ':']);
    let first = parts.next().is_some_and(tag);
    // What follows a tag is a part of it: `-preview-06-05`, `-20250929-v1:0`.
    first && parts.all(|part| tag(part) || part.bytes().all(|byte| byte.is_ascii_digit()))
}

/// The one spelling of a vendor; unknown ones stay as they are.
pub(crate) fn vendor(name: &str) -> String {
    let name = name.trim().to_ascii_lowercase().replace(['-', ' '], "_");
    match name.as_str() {
        "anthropic" | "claude" => "anthropic",
        "openai" | "azure" | "azure_openai" | "open_ai" => "openai",
        "google" | "gemini" | "google_ai" | "google_genai" => "google",
        // Resellers say nothing of whose model it is.
        "bedrock" | "aws_bedrock" | "vertex" | "vertex_ai" | "openrouter" | "litellm" | "proxy" | "unknown" => "",
        other => other,
    }
    .to_owned()
}

/// A model's name without what routers and clouds put before it.
pub(crate) fn bare(model: &str) -> String {
    let model = model.trim().to_ascii_lowercase();
    let model = model.rsplit('/').next().unwrap_or_default();
    let behind = model.find("anthropic.").map(|at| at + "anthropic.".len());
    behind.and_then(|at| model.get(at..)).unwrap_or(model).to_owned()
}

#[cfg(test)]
mod tests {
    use super::{Prices, Rate, Usage, built_in, is_form_of, read};
    use crate::snapshot::UnknownModelPrice::{MostExpensive, ProviderMostExpensive};

    const NOW: i64 = 1_767_225_600_000_000; // 2026-01-01

    fn cost(provider: &str, model: &str, usage: &Usage) -> (i64, bool) {
        let cost = Prices::default().cost(provider, model, usage, NOW, MostExpensive);
        (cost.usd_micros, cost.known)
    }

    #[test]
    fn the_table_can_be_read_and_names_its_sources() {
        let rows = read(include_str!("../../../data/prices.json")).expect("the file is sound");
        assert_eq!(rows.len(), built_in().len());
        assert!(rows.len() > 40 && rows.iter().all(|row| row.rate.input > 0));
        for row in rows {
            let sorts = ["vendor's page: ", "third party: ", "announcement of "];
            assert!(sorts.iter().any(|sort| row.source.starts_with(sort)), "{}: {}", row.model, row.source);
        }
    }

    #[test]
    fn a_dated_name_is_its_model_and_a_longer_one_is_another() {
        let million = Usage { input: 1_000_000, ..Usage::default() };
        for (provider, model, micros) in [
            ("openai", "gpt-4o-mini-2024-07-18", 150_000),
            ("openai", "gpt-4o-2024-08-06", 2_500_000),
            ("openai", "gpt-4o-2024-05-13", 5_000_000),
            ("azure", "gpt-4o", 2_500_000),
            ("openai", "o3", 2_000_000),
            ("anthropic", "claude-opus-4-1-20250805", 15_000_000),
            ("anthropic", "claude-opus-4-20250514", 15_000_000),
            ("anthropic", "claude-3-5-sonnet-latest", 3_000_000),
            ("bedrock", "us.anthropic.claude-haiku-4-5-20251001-v1:0", 1_000_000),
            ("vertex_ai", "claude-haiku-4-5@20251001", 1_000_000),
            ("gemini", "models/gemini-2.5-flash-preview-09-2025", 300_000),
            ("", "gpt-5-nano", 50_000),
        ] {
            assert_eq!(cost(provider, model, &million), (micros, true), "{model}");
        }
        for (name, model) in [
            ("gpt-4o-mini", "gpt-4o"),
            ("gpt-5.2", "gpt-5"),
            ("claude-opus-4-1", "claude-opus-4"),
            ("gpt-4", "gpt-4o"),
            ("", "gpt-4o"),
            ("gpt-5-mega", "gpt-5"),
        ] {
            assert!(!is_form_of(name, model), "{name} is no {model}");
        }
    }

    #[test]
    fn an_unknown_model_is_flagged_and_never_free() {
        let usage = Usage { input: 1000, output: 1000, ..Usage::default() };
        let (dearest, known) = cost("", "brand-new", &usage);
        assert!(!known && dearest >= 1000 * 168, "{dearest}");
        assert_eq!(cost("acme", "", &Usage::default()), (1, false));
        let of_google = Prices::default().cost("google", "gemini-9", &usage, NOW, ProviderMostExpensive);
        assert!(!of_google.known && of_google.usd_micros < dearest);
    }

    #[test]
    fn every_class_of_tokens_has_its_price_and_fractions_round_up() {
        let usage = Usage { input: 100, cached_input: 1000, cache_write: 200, output: 50, ..Usage::default() };
        // 100 * 3 + 1000 * 0.3 + 200 * 3.75 + 50 * 15
        assert_eq!(cost("anthropic", "claude-sonnet-4-5", &usage), (2100, true));
        assert_eq!(cost("google", "gemini-2.5-flash-lite", &Usage { input: 1, ..Usage::default() }), (1, true));
        let rate = Rate { input: 2_000_000, output: 0, cached_input: None, cache_write: None };
        assert_eq!(rate.cost(&Usage { cached_input: 3, cache_write: 4, ..Usage::default() }), 14);
        let long = Usage { input: 300_000, ..Usage::default() };
        assert_eq!(cost("google", "gemini-2.5-pro", &long), (750_000, true));
        assert_eq!(rate.cost(&Usage { input: u64::MAX, ..Usage::default() }), i64::MAX);
    }
}
