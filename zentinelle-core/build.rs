//! Writes the tables that the engine reads: the classes of characters of `matching::properties`, and with the feature
//! `time-zones` the time zones of `matching::zones`.
#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    reason = "no part of the engine: a build with other data than expected had better stop"
)]

#[path = "build/properties.rs"]
mod properties;
#[cfg(feature = "time-zones")]
#[path = "build/zones.rs"]
mod zones;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    properties::write();
    #[cfg(feature = "time-zones")]
    {
        println!("cargo::rerun-if-changed=build/zones.rs");
        zones::write();
    }
}

/// Writes a number as LEB128.
fn push(out: &mut Vec<u8>, mut number: u64) {
    while number > 127 {
        out.push((number & 127) as u8 | 128);
        number >>= 7;
    }
    out.push(number as u8);
}
