//! Work on other threads, so that a long text does not hold up the event loop.

use napi::bindgen_prelude::*;
use napi_derive::napi;
use zentinelle_js as js;

use crate::{Engine, Scanner, thrown};

/// A decision that is made on another thread.
pub struct DecideTask(js::Job);

#[napi]
impl Task for DecideTask {
    type Output = u32;
    type JsValue = u32;

    fn compute(&mut self) -> Result<u32> {
        self.0.run().map_err(thrown)
    }

    fn resolve(&mut self, _: Env, answer: u32) -> Result<u32> {
        Ok(answer)
    }
}

/// What is done with a text.
enum Work {
    Scan(js::Scanner),
    Redact(js::Scanner),
    Judge(String),
}

/// A text that is scanned on another thread.
pub struct TextTask {
    work: Work,
    text: String,
}

#[napi]
impl Task for TextTask {
    type Output = String;
    type JsValue = String;

    fn compute(&mut self) -> Result<String> {
        match &self.work {
            Work::Scan(scanner) => scanner.scan(&self.text),
            Work::Redact(scanner) => scanner.redact(&self.text),
            Work::Judge(source) => js::judge(&self.text, source),
        }
        .map_err(thrown)
    }

    fn resolve(&mut self, _: Env, found: String) -> Result<String> {
        Ok(found)
    }
}

#[napi]
impl Engine {
    /// See [`js::Engine::job`].
    #[napi]
    pub fn decide_async(&self, request: String, now: f64) -> AsyncTask<DecideTask> {
        AsyncTask::new(DecideTask(self.0.job(request, now)))
    }
}

#[napi]
impl Scanner {
    /// As [`js::Scanner::scan`], on another thread.
    #[napi]
    pub fn scan_async(&self, text: String) -> AsyncTask<TextTask> {
        AsyncTask::new(TextTask { work: Work::Scan(self.0.clone()), text })
    }

    /// As [`js::Scanner::redact`], on another thread.
    #[napi]
    pub fn redact_async(&self, text: String) -> AsyncTask<TextTask> {
        AsyncTask::new(TextTask { work: Work::Redact(self.0.clone()), text })
    }
}

/// As [`js::judge`], on another thread.
#[napi]
pub fn judge_async(text: String, source: String) -> AsyncTask<TextTask> {
    AsyncTask::new(TextTask { work: Work::Judge(source), text })
}
