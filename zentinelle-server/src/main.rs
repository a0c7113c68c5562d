//! The `zentinelle` command.

fn main() {}
