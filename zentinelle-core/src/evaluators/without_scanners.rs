//! The policy types that need the scanners, in a build that has none.
//!
//! They are known and never compile: a policy document with one is refused, and a stored policy of one denies whatever
//! it applies to, as every policy does that cannot be compiled. Nothing passes for want of a scanner.
//! `zentinelle-wasm/test/lite.test.mjs` holds the build to it.

use super::{Evaluator, Inquiry};
use crate::decision::Verdict;
use crate::error::{Code, Pointer, PolicyError, codes};
use crate::request::EvaluationError;

macro_rules! absent {
    ($($(#[doc = $doc:literal])* $module:ident :: $kind:ident,)*) => {
        $(
            $(#[doc = $doc])*
            pub mod $module {
                use super::*;

                /// There is none of these in this build.
                pub enum $kind {}

                impl Evaluator for $kind {
                    type Config = serde_json::Value;

                    const CODES: &'static [Code] = &[codes::NOT_IN_THIS_BUILD];

                    const NULL_CONFIG_IS_EMPTY: bool = true;

                    fn compile(_: Self::Config) -> Result<Self, Vec<PolicyError>> {
                        Err(vec![needs_scanners(stringify!($module))])
                    }

                    fn evaluate(&self, _: &Inquiry<'_>) -> Result<Verdict, EvaluationError> {
                        match *self {}
                    }
                }
            }
        )*
    };
}

absent! {
    /// See the module of the same name in the whole engine.
    output_filter::OutputFilter,
    /// See the module of the same name in the whole engine.
    prompt_injection::PromptInjection,
}

fn needs_scanners(name: &str) -> PolicyError {
    let message = format!("a policy of type `{name}` needs scanners, and this build of the engine has none");
    PolicyError::new(codes::NOT_IN_THIS_BUILD, Pointer::ROOT, message)
        .with_help("use the whole engine for this policy; until then it denies whatever it applies to")
}
