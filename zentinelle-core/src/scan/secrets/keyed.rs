//! Long runs of token characters, judged by the words before them.
//!
//! Applies to runs of at least [`super::super::runs::SHORTEST`] bytes. A run alone means
//! little: commits, digests, UUIDs and paths look the same. So a rule needs a word nearby, a
//! length, and enough variety.

use std::ops::Range;

use super::super::finding::Severity::{Critical, High};
use super::super::finding::{Category, Finding, Severity};
use super::super::window::{ALNUM, B64, B64_ANY, Class, HEX, HEX_DASH, SLUG, Window, is};
use super::judge;

/// How far before the run its words may stand, in bytes.
const NEAR: usize = 64;

struct Keyed {
    name: &'static str,
    words: &'static [&'static str],
    class: Class,
    lengths: &'static [usize],
    severity: Severity,
    check: fn(&[u8]) -> bool,
}

/// A secret key of AWS has forty characters; so have commits and many paths.
fn is_aws_secret(value: &[u8]) -> bool {
    !judge::is_hex(value) && judge::is_mixed(value) && judge::variety(value) >= 14
}

/// Names a vendor or a purpose; the value has no form of its own.
static KEYED: &[Keyed] = &[
    Keyed {
        name: "aws_secret_key",
        words: &["aws", "secret", "key"],
        class: B64,
        lengths: &[40],
        severity: Critical,
        check: is_aws_secret,
    },
    Keyed {
        name: "datadog_key",
        words: &["datadog", "dd_api_key", "dd_app_key", "dd-api-key", "dd-application-key"],
        class: HEX,
        lengths: &[32, 40],
        severity: High,
        check: judge::is_varied,
    },
    Keyed {
        name: "cloudflare_api_key",
        words: &["cloudflare", "x-auth-key", "cf_api_key", "cf_api_token"],
        class: SLUG,
        lengths: &[37, 40],
        severity: High,
        check: judge::is_varied,
    },
    Keyed {
        name: "heroku_api_key",
        words: &["heroku"],
        class: HEX_DASH,
        lengths: &[36],
        severity: High,
        check: judge::is_uuid,
    },
    Keyed {
        name: "twilio_auth_token",
        words: &["twilio"],
        class: HEX,
        lengths: &[32],
        severity: High,
        check: judge::is_varied,
    },
    Keyed {
        name: "algolia_admin_key",
        words: &["algolia"],
        class: HEX,
        lengths: &[32],
        severity: High,
        check: judge::is_varied,
    },
    Keyed {
        name: "okta_api_token",
        words: &["okta", "ssws"],
        class: SLUG,
        lengths: &[42],
        severity: High,
        check: judge::is_varied,
    },
    Keyed {
        name: "auth0_client_secret",
        words: &["auth0", "client_secret"],
        class: SLUG,
        lengths: &[64],
        severity: High,
        check: judge::is_mixed,
    },
    Keyed {
        name: "azure_openai_key",
        words: &["azure", "ocp-apim-subscription-key"],
        class: ALNUM,
        lengths: &[32, 84],
        severity: High,
        check: judge::is_varied,
    },
    Keyed {
        name: "cohere_key",
        words: &["cohere", "co_api_key"],
        class: ALNUM,
        lengths: &[40],
        severity: High,
        check: judge::is_mixed,
    },
    Keyed {
        name: "mistral_key",
        words: &["mistral"],
        class: ALNUM,
        lengths: &[32],
        severity: High,
        check: judge::is_mixed,
    },
    Keyed {
        name: "together_key",
        words: &["together_api_key", "togetherai"],
        class: HEX,
        lengths: &[64],
        severity: High,
        check: judge::is_varied,
    },
    Keyed {
        name: "deepgram_key",
        words: &["deepgram"],
        class: HEX,
        lengths: &[40],
        severity: High,
        check: judge::is_varied,
    },
    Keyed {
        name: "snyk_token",
        words: &["snyk"],
        class: HEX_DASH,
        lengths: &[36],
        severity: High,
        check: judge::is_uuid,
    },
    Keyed {
        name: "pagerduty_key",
        words: &["pagerduty", "pager_duty"],
        class: SLUG,
        lengths: &[20, 32],
        severity: High,
        check: judge::is_varied,
    },
    Keyed {
        name: "asana_token",
        words: &["asana"],
        class: ALNUM,
        lengths: &[32],
        severity: High,
        check: judge::is_varied,
    },
    Keyed {
        name: "fastly_token",
        words: &["fastly"],
        class: SLUG,
        lengths: &[32],
        severity: High,
        check: judge::is_varied,
    },
    Keyed {
        name: "twitch_token",
        words: &["twitch"],
        class: ALNUM,
        lengths: &[30],
        severity: High,
        check: judge::is_varied,
    },
];

/// Names of what this file finds.
pub(crate) fn names() -> impl Iterator<Item = &'static str> {
    KEYED.iter().map(|keyed| keyed.name).chain([
        "azure_key",
        "twilio_api_key",
        "mailchimp_key",
        "discord_bot_token",
        "generic_secret",
    ])
}

/// Words that announce a secret of any vendor.
const SECRET_WORDS: [&str; 14] = [
    "secret",
    "token",
    "passwd",
    "password",
    "credential",
    "credentials",
    "apikey",
    "api_key",
    "api-key",
    "api key",
    "access_key",
    "auth_key",
    "private_key",
    "client_secret",
];

/// Judges the run of token characters that begins at `start`.
pub(crate) fn find(window: &Window<'_>, start: usize, out: &mut Vec<Finding>) {
    // A run longer than any of these is data.
    let end = window.run(start, B64_ANY, 136);
    let run = window.slice(start..end);
    let mut add = |name, severity, confidence, span: Range<usize>| {
        out.push(Finding::new(Category::Secret, name, severity, confidence, span))
    };
    if run.len() == 86
        && window.byte(end) == Some(b'=')
        && window.byte(end + 1) == Some(b'=')
        && run.iter().all(|b| is(B64, *b))
    {
        add("azure_key", Critical, 0.9, start..end + 2);
        return;
    }
    if run.len() > 128 {
        return;
    }
    match run {
        [b'S', b'K', rest @ ..] if rest.len() == 32 && judge::is_hex(rest) => {
            add("twilio_api_key", High, 0.9, start..end)
        }
        [key @ .., b'-', b'u', b's', d] if key.len() == 32 && judge::is_hex(key) && d.is_ascii_digit() => {
            add("mailchimp_key", High, 0.9, start..end)
        }
        [key @ .., b'-', b'u', b's', d, e]
            if key.len() == 32 && judge::is_hex(key) && d.is_ascii_digit() && e.is_ascii_digit() =>
        {
            add("mailchimp_key", High, 0.9, start..end)
        }
        [b'M' | b'N' | b'O', ..] if (23..=28).contains(&run.len()) && window.byte(end) == Some(b'.') => {
            let middle = window.run(end + 1, SLUG, 8);
            let last = window.run(middle + 1, SLUG, 48);
            if (6..=7).contains(&(middle - end - 1)) && window.byte(middle) == Some(b'.') && last - middle > 27 {
                add("discord_bot_token", Critical, 0.9, start..last);
            }
        }
        _ => {}
    }
    // The class is checked before the words, and few runs have one of the lengths.
    for keyed in KEYED {
        if keyed.lengths.contains(&run.len())
            && run.iter().all(|byte| is(keyed.class, *byte))
            && (keyed.check)(run)
            && window.mentions(start, NEAR, keyed.words)
        {
            add(keyed.name, keyed.severity, 0.8, start..end);
        }
    }
    if is_assigned(window, start)
        && judge::has_digit(run)
        && run.iter().any(u8::is_ascii_alphabetic)
        && judge::variety(run) >= 10
        && !judge::is_hex(run)
        && !judge::is_uuid(run)
        && !judge::is_placeholder(run)
        && window.mentions(start, NEAR, &SECRET_WORDS)
    {
        add("generic_secret", High, 0.6, start..window.run(end, 1 << b'=', 2));
    }
}

/// Whether `=` or `:` stands before the value at `start`, quotes and blanks aside.
fn is_assigned(window: &Window<'_>, start: usize) -> bool {
    let at = window.run_back(start, 1 << b'"' | 1 << b'\'' | 1 << b'`' | 1 << b' ' | 1 << b'\\', 8);
    // `::` names something, it does not assign.
    match window.before(at) {
        Some(b'=') => true,
        Some(b':') => window.before(at - 1) != Some(b':'),
        _ => false,
    }
}
