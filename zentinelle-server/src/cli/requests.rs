//! Requests as they stand in a file: one JSON object a line.

use jiff::Timestamp;
use serde_json::{Map, Value};
use zentinelle_core::document::decode::decode_as;
use zentinelle_core::document::json;
use zentinelle_core::error::{Code, PolicyError};
use zentinelle_core::ids::{AgentId, TenantId};
use zentinelle_core::wire::{DecisionDocument, Defaults, RequestDocument};
use zentinelle_core::{Effect, Request};

use super::input::{Line, MAX_LINE_BYTES};

/// The code of a denial that stands for a line nobody could read.
pub(crate) const MALFORMED: Code = Code::new("request.malformed");

/// Who asks where a request does not say it.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Caller {
    /// The tenant of requests that name none.
    #[arg(long, value_name = "ID", default_value = "local")]
    pub(crate) tenant: String,
    /// The agent of requests that name none.
    #[arg(long, value_name = "ID", default_value = "local")]
    pub(crate) agent: String,
}

impl Caller {
    /// What completes a request that is read now.
    pub(crate) fn defaults(&self) -> Defaults {
        Defaults {
            tenant_id: TenantId::new(self.tenant.as_str()),
            agent_id: AgentId::new(self.agent.as_str()),
            now: Timestamp::now(),
        }
    }
}

/// A request and the id its author gave it.
pub(crate) struct Asked {
    /// The author's id.
    pub(crate) id: Option<Value>,
    /// The request.
    pub(crate) request: Request,
}

/// A line that is no request.
pub(crate) struct Malformed {
    /// The author's id, where that much could be read.
    pub(crate) id: Option<Value>,
    /// What is wrong with the line.
    pub(crate) faults: Vec<Fault>,
}

/// One thing that is wrong with a line.
pub(crate) struct Fault {
    /// Where: a column of the line, or a key of the value. Empty for the line as a whole.
    pub(crate) place: String,
    /// What was found.
    pub(crate) message: String,
    /// How to mend it.
    pub(crate) help: Option<String>,
}

impl Fault {
    /// A fault of the line as a whole.
    pub(crate) fn new(message: impl Into<String>, help: &str) -> Self {
        Self { place: String::new(), message: message.into(), help: Some(help.to_owned()) }
    }
}

impl From<PolicyError> for Fault {
    fn from(error: PolicyError) -> Self {
        let place = match error.pointer().as_str() {
            "" => String::new(),
            pointer => format!("at `{pointer}`"),
        };
        Self { place, message: error.message().to_owned(), help: error.help().map(str::to_owned) }
    }
}

impl Malformed {
    /// A line with these faults; `value` is what could be read of it.
    pub(crate) fn new(value: Option<&Value>, faults: Vec<Fault>) -> Self {
        Self { id: value.and_then(|value| value.get("id")).cloned(), faults }
    }

    /// The faults in one sentence. Never any value of the request, which may be a prompt or a secret.
    pub(crate) fn reason(&self) -> String {
        let faults = self.faults.iter().map(|fault| match fault.place.as_str() {
            "" => fault.message.clone(),
            place => format!("{} {place}", fault.message),
        });
        faults.collect::<Vec<_>>().join("; ")
    }

    /// The first piece of advice.
    pub(crate) fn help(&self) -> Option<&str> {
        self.faults.iter().find_map(|fault| fault.help.as_deref())
    }

    /// The denial that stands in the place of a decision.
    pub(crate) fn denial(&self, defaults: &Defaults, dry_run: bool) -> DecisionDocument {
        DecisionDocument {
            allowed: false,
            reason: Some(self.reason()),
            policies_evaluated: Vec::new(),
            warnings: Vec::new(),
            context: Map::new(),
            risk_score: 0,
            risk_factors: Vec::new(),
            dry_run,
            effect: Effect::Deny,
            code: Some(MALFORMED),
            determining: Vec::new(),
            notices: Vec::new(),
            obligations: Vec::new(),
            charges: Vec::new(),
            requestable: Vec::new(),
            retry_at: None,
            trace: Vec::new(),
            tenant_id: defaults.tenant_id.clone(),
            agent_id: defaults.agent_id.clone(),
            policy_set_version: String::new(),
        }
    }
}

/// Reads the value of a line.
pub(crate) fn value(line: &Line<'_>) -> Result<Value, Malformed> {
    let whole = |message: String, help| Malformed::new(None, vec![Fault::new(message, help)]);
    let text = match line {
        Line::Text(text) => *text,
        Line::NotText => return Err(whole("the line is not UTF-8 text".to_owned(), "write the file as UTF-8")),
        Line::TooLong => {
            let message = format!("the line has more than {MAX_LINE_BYTES} bytes");
            return Err(whole(message, "write one request a line"));
        }
    };
    json::parse(text).map_err(|problem| {
        let column = problem.span.as_ref().and_then(|span| text.get(..span.start)).map(|before| before.chars().count());
        let place = column.map_or(String::new(), |column| format!("at column {}", column + 1));
        let help = problem.help.unwrap_or_else(|| "write one JSON object a line".to_owned());
        Malformed::new(None, vec![Fault { place, message: problem.message, help: Some(help) }])
    })
}

/// Reads the request of a line.
pub(crate) fn read(line: &Line<'_>, defaults: &Defaults) -> Result<Asked, Malformed> {
    from_value(&value(line)?, defaults)
}

/// Reads a request from its value.
pub(crate) fn from_value(value: &Value, defaults: &Defaults) -> Result<Asked, Malformed> {
    let refused = |errors: Vec<PolicyError>| Malformed::new(Some(value), errors.into_iter().map(Fault::from).collect());
    let mut document = decode_as::<RequestDocument>(value, "a request").strict().map_err(refused)?;
    let id = document.id.take();
    let request = document.into_request(defaults).map_err(refused)?;
    Ok(Asked { id, request })
}
