//! Prints the outward decision of every step of every vector, one JSON object a line: what each
//! binding must answer byte for byte. `{"id": …, "step": …, "document": "…"}`.

#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    clippy::string_slice,
    clippy::unreachable,
    clippy::unwrap_used,
    dead_code,
    unreachable_pub,
    reason = "a program that reads files and prints, sharing its reader with the tests"
)]

#[path = "../tests/support/vectors.rs"]
mod vectors;

fn main() {
    for case in vectors::load() {
        for (number, document) in vectors::documents(&case).iter().enumerate() {
            let text = serde_json::to_string(document).unwrap();
            println!("{}", serde_json::json!({ "id": case.id, "step": number + 1, "document": text }));
        }
    }
}
