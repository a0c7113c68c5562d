//! Gathers what the benches measured into one table. Arguments: the folder criterion wrote
//! to, the files `allocations` and `rival_allocations` printed to, and lines that describe
//! the machine.

#![allow(clippy::print_stdout, reason = "a program that prints what it measured")]

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

use serde_json::Value;

const RIVALS: [&str; 5] = ["cedar-policy", "regorus", "regorus, virtual machine", "regorus, lists as data", "casbin"];

fn main() {
    let mut arguments = std::env::args().skip(1);
    let (Some(criterion), Some(own), Some(rivals)) = (arguments.next(), arguments.next(), arguments.next()) else {
        panic!("usage: report CRITERION_FOLDER ALLOCATIONS_FILE RIVAL_ALLOCATIONS_FILE [MACHINE_LINE…]");
    };
    let mut table = Table {
        medians: medians(Path::new(&criterion)),
        counts: json(Path::new(&own)).expect("the first file of allocations is JSON"),
        rivals: json(Path::new(&rivals)).expect("the second file of allocations is JSON"),
        text: String::new(),
    };
    println!(
        "# Results\n\nWritten by `make bench`; do not edit. Medians of one run, policies parsed once and reused.\n"
    );
    arguments.for_each(|line| println!("- {line}"));
    println!("\n| measured | case | figure | beside it | target |\n|---|---|---|---|---|");
    table.rivals();
    table.decisions();
    table.policies();
    table.threads();
    table.scanning();
    table.types();
    print!("{}", table.text);
}

/// Nanoseconds per element (or per run, where a bench counts none), by full name.
fn medians(folder: &Path) -> BTreeMap<String, f64> {
    let mut found = BTreeMap::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        let (benchmark, estimates) = (folder.join("new/benchmark.json"), folder.join("new/estimates.json"));
        if let (Some(benchmark), Some(estimates)) = (json(&benchmark), json(&estimates)) {
            let elements = benchmark["throughput"]["Elements"].as_f64().unwrap_or(1.0);
            let (name, median) = (&benchmark["full_id"], &estimates["median"]["point_estimate"]);
            if let (Some(name), Some(median)) = (name.as_str(), median.as_f64()) {
                found.insert(name.to_owned(), median / elements);
            }
        }
        let inner = std::fs::read_dir(&folder).into_iter().flatten().flatten().map(|entry| entry.path());
        folders.extend(inner.filter(|path| path.is_dir()));
    }
    found
}

fn json(file: &Path) -> Option<Value> {
    serde_json::from_str(&std::fs::read_to_string(file).ok()?).ok()
}

struct Table {
    medians: BTreeMap<String, f64>,
    counts: Value,
    rivals: Value,
    text: String,
}

impl Table {
    fn row(&mut self, measured: &str, case: &str, figure: &str, beside: &str, target: &str) {
        let _ = writeln!(self.text, "| {measured} | {case} | {figure} | {beside} | {target} |");
    }

    fn nanos(&self, name: &str) -> Option<f64> {
        self.medians.get(name).copied()
    }

    fn rivals(&mut self) {
        for made in ["question ready", "question made inside"] {
            let Some(own) = self.nanos(&format!("rivals/zentinelle/{made}")) else { continue };
            let allocations = |table: &Self, name: &str| {
                let rivals = table.rivals.as_array().into_iter().flatten();
                let found = rivals.into_iter().find(|rival| rival["name"] == name);
                let count = found.and_then(|rival| rival["per_question"].as_f64());
                count.filter(|_| made == "question ready").map_or(String::new(), |n| format!("{n:.1} allocations"))
            };
            for rival in RIVALS {
                let Some(nanos) = self.nanos(&format!("rivals/{rival}/{made}")) else { continue };
                let ratio = nanos / own;
                let target = if rival.contains(',') { String::new() } else { verdict("8 times", ratio >= 8.0) };
                let (figure, beside) = (format!("**{ratio:.1} times faster**"), format!("{} there", time(nanos)));
                let allocations = allocations(self, rival);
                let beside = if allocations.is_empty() { beside } else { format!("{beside}, {allocations}") };
                self.row(&format!("tool permission, {made}"), &format!("than {rival}"), &figure, &beside, &target);
            }
            let beside = allocations(self, "zentinelle");
            self.row(&format!("tool permission, {made}"), "zentinelle", &time(own), &beside, "");
        }
    }

    fn decisions(&mut self) {
        for (count, most) in [(1, None), (10, Some(1_000.0)), (24, Some(5_000.0))] {
            for effect in ["permit", "deny"] {
                let Some(nanos) = self.nanos(&format!("decision/{count}/{effect}")) else { continue };
                let decisions = self.counts["decisions"].as_array().into_iter().flatten();
                let own = decisions.into_iter().find(|own| own["policies"] == count).map(|own| &own[effect]);
                let allocations =
                    own.map_or(String::new(), |own| format!("{} allocations, {} bytes", own["decision"], own["bytes"]));
                let target = most.map_or(String::new(), |most| verdict(&time(most), nanos <= most));
                let case = format!("{count} policies, {effect}");
                self.row("one decision, reasons on", &case, &time(nanos), &allocations, &target);
            }
        }
        for count in [10, 24] {
            for part in ["trace", "wire document as JSON"] {
                let name = |effect: &str| format!("decision/{count}/{effect}, {part}");
                let (Some(permit), Some(deny)) = (self.nanos(&name("permit")), self.nanos(&name("deny"))) else {
                    continue;
                };
                let deny = format!("{} of a denial", time(deny));
                self.row(part, &format!("of {count} policies"), &time(permit), &deny, "");
            }
        }
    }

    fn policies(&mut self) {
        let few = self.nanos("stored/10");
        for count in [10, 1_000, 100_000] {
            let (Some(nanos), Some(few)) = (self.nanos(&format!("stored/{count}")), few) else { continue };
            let growth = nanos / few - 1.0;
            let beside = if count == 10 { String::new() } else { format!("{:+.0} %", growth * 100.0) };
            let target = if count == 10 { String::new() } else { verdict("within 20 %", growth <= 0.2) };
            self.row("10 policies apply", &format!("{} stored", grouped(count)), &time(nanos), &beside, &target);
        }
        let bytes = &self.counts["bytes_per_policy"];
        if let (Some(stored), Some(written)) = (bytes["stored"].as_u64(), bytes["of_which_as_written"].as_u64()) {
            let beside = format!("{} of them the policy as written", grouped(written));
            self.row("memory", "per stored policy", &format!("{} bytes", grouped(stored)), &beside, "");
        }
        for (name, case) in [
            ("cold/first decision after compiling 10", "first decision after compiling 10 policies"),
            ("cold/an agent unseen, of 100,000", "an agent unseen so far, of 100,000 with a policy each"),
        ] {
            if let Some(nanos) = self.nanos(name) {
                self.row("cold", case, &time(nanos), "", "");
            }
        }
        if let Some(nanos) = self.nanos("reading/compile 10,000 policies") {
            let whole = format!("{} a policy", time(nanos));
            self.row("compile", "10,000 policies", &time(nanos * 1e4), &whole, "");
        }
        if let Some(nanos) = self.nanos("reading/read and check a document of 1,000") {
            let each = format!("{} a policy", time(nanos / 1e3));
            self.row("read and check", "a YAML document of 1,000 policies", &time(nanos), &each, "");
        }
    }

    fn threads(&mut self) {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let cases = [
            ("ledger/own counters", "ledger, counters of their own"),
            ("ledger/one counter", "ledger, one counter for all"),
            ("threads", "10 policies, one engine for all"),
        ];
        for (name, measured) in cases {
            let Some(alone) = self.nanos(&format!("{name}/1")) else { continue };
            for threads in [1, 2, 8] {
                let Some(nanos) = self.nanos(&format!("{name}/{threads}")) else { continue };
                let share = alone / nanos / threads.min(cores) as f64 * 100.0;
                let beside =
                    if threads == 1 { String::new() } else { format!("{share:.0} % of one thread's rate per core") };
                let figure = format!("{} a second", grouped((1e9 / nanos) as u64));
                self.row(measured, &format!("{threads} threads"), &figure, &beside, "");
            }
        }
    }

    fn scanning(&mut self) {
        for (size, bytes) in [("1 KB", 1_024.0), ("10 KB", 10_240.0), ("1 MB", 1_048_576.0)] {
            for kind in ["clean", "dirty"] {
                let Some(nanos) = self.nanos(&format!("scan/{kind}/{size}")) else { continue };
                let aimed = (size, kind) == ("10 KB", "clean");
                let target = if aimed { verdict("50 µs", nanos <= 50_000.0) } else { String::new() };
                let injection = self.nanos(&format!("scan/{kind}/{size}, injection alone"));
                let injection = injection.map_or(String::new(), |nanos| format!(", {} of it injection", time(nanos)));
                let beside = format!("{}{injection}", rate(bytes, nanos));
                self.row("scan, every detector", &format!("{size}, {kind}"), &time(nanos), &beside, &target);
            }
        }
        for (size, bytes) in [("1 KB", 1_024.0), ("10 KB", 10_240.0), ("1 MB", 1_048_576.0)] {
            for kind in ["clean", "dirty"] {
                let name = |which: &str| format!("secrets/{which}/{kind}/{size}");
                let (Some(own), Some(set)) = (self.nanos(&name("scanner")), self.nanos(&name("RegexSet"))) else {
                    continue;
                };
                let beside = format!("{} ({}), {:.1} times", time(set), rate(bytes, set), set / own);
                let figure = format!("{} ({})", time(own), rate(bytes, own));
                self.row("secrets, beside a `RegexSet`", &format!("{size}, {kind}"), &figure, &beside, "");
            }
        }
        for kind in ["clean", "dirty"] {
            if let Some(nanos) = self.nanos(&format!("stream/{kind}")) {
                self.row("stream, every detector", &format!("50 bytes, {kind}"), &time(nanos), &rate(50.0, nanos), "");
            }
        }
    }

    fn types(&mut self) {
        let Some(none) = self.nanos("type/none") else { return };
        self.row("one policy alone", "no policy at all", &time(none), "", "");
        let alone = self.medians.iter().filter_map(|(name, nanos)| Some((name.strip_prefix("type/")?, *nanos)));
        let mut types: Vec<(String, f64)> =
            alone.filter(|(name, _)| *name != "none").map(|(name, nanos)| (name.to_owned(), nanos - none)).collect();
        types.sort_by(|a, b| b.1.total_cmp(&a.1));
        for (name, nanos) in types {
            self.row("one policy alone", &format!("`{name}`"), &format!("{} more", time(nanos.max(0.0))), "", "");
        }
    }
}

fn verdict(target: &str, met: bool) -> String {
    format!("{target}: {}", if met { "met" } else { "**missed**" })
}

fn time(nanos: f64) -> String {
    match nanos {
        n if n < 1e3 => format!("{n:.0} ns"),
        n if n < 1e5 => format!("{:.2} µs", n / 1e3),
        n if n < 1e6 => format!("{:.0} µs", n / 1e3),
        n if n < 1e9 => format!("{:.1} ms", n / 1e6),
        n => format!("{:.2} s", n / 1e9),
    }
}

fn rate(bytes: f64, nanos: f64) -> String {
    format!("{} MB/s", grouped((bytes * 1e3 / nanos) as u64))
}

/// 1234567 as 1,234,567.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let groups: Vec<&str> =
        digits.as_bytes().rchunks(3).rev().map(|group| std::str::from_utf8(group).unwrap_or_default()).collect();
    groups.join(",")
}
