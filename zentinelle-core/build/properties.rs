//! The classes of `regex-syntax`, a seventh as large: as differences, and without what repeats.
//!
//! A class is a list of edges, the characters at which it begins and ends in turn. It is written as the place of the
//! earlier class it resembles most, from 1, or 0 for none; how many edges differ from that one's; and for each of those
//! the distance from the one before. Numbers are LEB128. Characters are counted without surrogates.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::PathBuf;

use regex_syntax::hir::{Class, HirKind};

use super::push;

/// Classes with fewer edges are not worth a look for what they resemble.
const FEW: usize = 8;

pub(super) fn write() {
    println!("cargo::rerun-if-changed=build/properties.rs");
    println!("cargo::rerun-if-changed=build/properties.txt");
    let mut data = Vec::new();
    let mut known: Vec<BTreeSet<u32>> = Vec::new();
    let mut starts: Vec<usize> = Vec::new();
    let mut kinds: Vec<(&str, Vec<&str>)> = Vec::new();
    for line in include_str!("properties.txt").lines() {
        let (kind, names) = line.split_once('=').expect("a kind and names");
        let name = names.split(',').next().expect("a name");
        let Some(edges) = edges(kind, name) else { continue };
        let same = known.iter().position(|other| *other == edges);
        starts.push(same.map_or(data.len(), |same| starts[same]));
        if same.is_none() {
            let similar = known.iter().enumerate().filter(|(_, other)| edges.len().min(other.len()) > FEW);
            let alike = similar.map(|(place, other)| written(place + 1, other, &edges));
            let alone = written(0, &BTreeSet::new(), &edges);
            data.extend(alike.chain([alone]).min_by_key(Vec::len).expect("at least one"));
        }
        known.push(edges);
        match kinds.last_mut() {
            Some((last, all)) if *last == kind => all.push(names),
            _ => kinds.push((kind, vec![names])),
        }
    }
    let list = |items: &mut dyn Iterator<Item = String>| items.collect::<Vec<_>>().join(",");
    let mut code = String::new();
    write!(
        code,
        "static KINDS: &[(&str, &str)] = &[{}];\nstatic STARTS: &[u32] = &[{}];\nstatic DATA: &[u8] = &[{}];\n",
        list(&mut kinds.iter().map(|(kind, names)| format!("({kind:?}, {:?})", names.join("\n")))),
        list(&mut starts.iter().map(usize::to_string)),
        list(&mut data.iter().map(u8::to_string)),
    )
    .expect("texts grow");
    let folder = std::env::var_os("OUT_DIR").expect("Cargo names a folder");
    std::fs::write(PathBuf::from(folder).join("properties.rs"), code).expect("Cargo's folder can be written to");
}

/// None for a class that the engine does not have.
fn edges(kind: &str, name: &str) -> Option<BTreeSet<u32>> {
    let query = if kind.is_empty() { format!(r"\p{{{name}}}") } else { format!(r"\p{{{kind}={name}}}") };
    let parsed = regex_syntax::parse(&query).ok()?;
    let mut edges = BTreeSet::new();
    // Classes of one character come as a literal, and empty ones as a class of bytes.
    match parsed.kind() {
        HirKind::Class(Class::Unicode(class)) => {
            for range in class.ranges() {
                edges.extend([place(range.start()), place(range.end()) + 1]);
            }
        }
        HirKind::Literal(literal) => {
            let c = std::str::from_utf8(&literal.0).expect("UTF-8").chars().next().expect("a character");
            edges.extend([place(c), place(c) + 1]);
        }
        _ => {}
    }
    Some(edges)
}

fn place(c: char) -> u32 {
    if c < '\u{E000}' { c.into() } else { u32::from(c) - 0x800 }
}

fn written(base: usize, other: &BTreeSet<u32>, edges: &BTreeSet<u32>) -> Vec<u8> {
    let differing: Vec<u32> = other.symmetric_difference(edges).copied().collect();
    let mut out = Vec::new();
    push(&mut out, base as u64);
    push(&mut out, differing.len() as u64);
    let mut before = 0;
    for edge in differing {
        push(&mut out, (edge - before).into());
        before = edge;
    }
    out
}
