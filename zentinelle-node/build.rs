//! Tells the linker how an addon finds Node.

fn main() {
    napi_build::setup();
}
