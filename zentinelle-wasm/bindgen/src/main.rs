//! Writes the JavaScript glue of `zentinelle-wasm`: `zentinelle-wasm-bindgen <module.wasm> <folder> <target>`,
//! where the target is `web`, `bundler` or `nodejs`.
//!
//! The same as wasm-bindgen's command, built from this workspace's lockfile so that its version is that of
//! the crate: the two refuse to work together otherwise.

use std::process::ExitCode;

use wasm_bindgen_cli_support::Bindgen;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [module, folder, target] = arguments.as_slice() else {
        eprintln!("usage: zentinelle-wasm-bindgen <module.wasm> <folder> <web|bundler|nodejs>");
        return ExitCode::from(2);
    };
    let mut bindgen = Bindgen::new();
    let chosen = match target.as_str() {
        "web" => bindgen.web(true),
        "bundler" => bindgen.bundler(true),
        "nodejs" => bindgen.nodejs(true),
        other => {
            eprintln!("error: `{other}` is no target\nhelp: expected `web`, `bundler` or `nodejs`");
            return ExitCode::from(2);
        }
    };
    let written = chosen.and_then(|bindgen| {
        bindgen.input_path(module).out_name("zentinelle").omit_default_module_path(false).generate(folder)
    });
    match written {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}
