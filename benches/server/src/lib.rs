//! What the benches of the server share: a load generator that costs little, and processes to put it on.

pub mod load;
pub mod process;
