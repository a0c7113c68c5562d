//! Globs, patterns, hosts, paths, SQL and times of any text: never a panic, never slow.
//! The first line is the rule, the rest is what it is matched against.
#![no_main]

use libfuzzer_sys::fuzz_target;
use zentinelle_core::matching::{
    DomainRules, Glob, GlobList, Networks, NormalPath, PathRules, Target, instant,
    pattern::{Case, Pattern},
    sql,
    text::{contains_words, fold, fold_prose, visible},
};

fuzz_target!(|text: &str| {
    let (rule, subject) = text.split_once('\n').unwrap_or((text, text));
    if let Ok(glob) = Glob::new(rule) {
        let _ = glob.is_match(subject);
    }
    let _ = GlobList::folded(vec![rule.to_owned()]).map(|globs| globs.find(subject).is_some());
    let _ = Pattern::new(rule, Case::Insensitive).map(|pattern| pattern.find(subject));
    let target = Target::from_url(subject).or_else(|_| Target::from_domain(subject));
    let rules = (DomainRules::new(vec![rule.to_owned()]), Networks::new(vec![rule.to_owned()]));
    if let Ok(target) = target {
        let _ = rules.0.map(|domains| domains.find(&target).is_some());
        let _ = target.address().map(|address| rules.1.map(|networks| networks.covers(address).is_some()));
    }
    if let Ok(path) = NormalPath::new(subject) {
        assert_eq!(NormalPath::new(path.as_str()).as_ref().map(NormalPath::as_str), Ok(path.as_str()));
        let _ = PathRules::folded(vec![rule.to_owned()]).map(|rules| rules.covers(&path).is_some());
    }
    let _ = (sql::read_only(subject), sql::tables(subject), instant::from_text(subject));
    assert_eq!(fold(&fold(subject)), fold(subject));
    let _ = (visible(subject), contains_words(&fold_prose(subject), &fold_prose(rule)));
});
