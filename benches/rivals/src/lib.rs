//! One scenario in four engines: which agent may call which tool.
//!
//! Ten rules: six tools that nobody may call, and nine agents with eight tools each. Every
//! engine is used as its own documentation shows, with policies parsed once and reused, and
//! must give the same answer to all requests before anything is timed.

use std::collections::BTreeSet;
use std::hint::black_box;
use std::sync::Arc;

use casbin::{CoreApi, DefaultModel, Enforcer, MemoryAdapter, MgmtApi};
use cedar_policy as cedar;
use jiff::Timestamp;
use regorus::rvm::vm::RegoVM;
use serde_json::{Map, Value, json};
use zentinelle_core::{Agent, Engine, MemoryLedger, Policy, PolicySet, Request, Scope};

/// Tools nobody may call.
pub const DENIED: [&str; 6] =
    ["shell_execute", "code_execute", "file_delete", "database_write", "payments_transfer", "user_delete"];

/// Tools of which each agent may call eight; some of them are denied to everybody.
pub const TOOLS: [&str; 12] = [
    "crm_search",
    "ticket_read",
    "ticket_reply",
    "knowledge_search",
    "http_get",
    "calendar_read",
    "file_read",
    "file_write",
    "mail_send",
    "shell_execute",
    "database_read",
    "database_write",
];

/// The agents with rules of their own.
pub const AGENTS: usize = 9;

/// The tools an agent may call, as its rule lists them.
#[must_use]
pub fn allowed(agent: usize) -> Vec<&'static str> {
    (0..8).map(|step| TOOLS[(agent + step) % TOOLS.len()]).collect()
}

/// An agent's name. The tenth has no rule, so only the deny list could speak of it.
#[must_use]
pub fn agent(number: usize) -> String {
    format!("agent-{number}")
}

/// Every agent with a rule, asking for every tool, and whether it may.
#[must_use]
pub fn questions() -> Vec<(String, &'static str, bool)> {
    let denied: BTreeSet<_> = DENIED.into_iter().collect();
    let of_agent = |number: usize| {
        let allowed = allowed(number);
        let denied = &denied;
        TOOLS.map(move |tool| (agent(number), tool, allowed.contains(&tool) && !denied.contains(tool)))
    };
    (0..AGENTS).flat_map(of_agent).collect()
}

/// An engine that answers the scenario's questions.
pub trait Contestant {
    /// A question, ready to be asked.
    type Question;

    /// The name in the table.
    const NAME: &'static str;

    /// Makes a question of two texts, as a host that has just received them would.
    fn question(&self, agent: &str, tool: &str) -> Self::Question;

    /// The answer.
    fn ask(&mut self, question: &Self::Question) -> bool;
}

/// Asks everything once.
///
/// # Panics
///
/// When an answer is not the scenario's.
pub fn check<C: Contestant>(contestant: &mut C) {
    for (agent, tool, expected) in questions() {
        let question = contestant.question(&agent, tool);
        assert_eq!(contestant.ask(&question), expected, "{}: may {agent} call {tool}?", C::NAME);
    }
}

/// This engine: one floor with the deny list, one policy for each agent, reasons always on.
pub struct Zentinelle {
    engine: Engine,
    ledger: MemoryLedger,
    now: Timestamp,
}

impl Default for Zentinelle {
    fn default() -> Self {
        let mut floor = Policy::new("denied", "acme", "tool_permission", json!({ "denied_tools": DENIED }));
        floor.inheritance = zentinelle_core::policy::Inheritance::Floor;
        let own = (0..AGENTS).map(|number| {
            let config = json!({ "allowed_tools": allowed(number) });
            let mut policy = Policy::new(agent(number), "acme", "tool_permission", config);
            policy.scope = Scope::Endpoint(agent(number).into());
            policy
        });
        let policies = std::iter::once(floor).chain(own).collect();
        Self {
            engine: Engine::new(PolicySet::compile("acme".into(), "bench", policies)),
            ledger: MemoryLedger::default(),
            now: Timestamp::UNIX_EPOCH,
        }
    }
}

impl Contestant for Zentinelle {
    type Question = Request;

    const NAME: &'static str = "zentinelle";

    fn question(&self, agent: &str, tool: &str) -> Request {
        let mut request = Request::new(Agent::new("acme", agent), "tool_call", self.now);
        let facts: Map<String, Value> = std::iter::once(("tool_name".to_owned(), tool.into())).collect();
        request.context = facts.into();
        request
    }

    fn ask(&mut self, question: &Request) -> bool {
        black_box(self.engine.decide(question, &self.ledger)).is_permitted()
    }
}

/// Cedar: one `forbid`, one `permit` for each agent, tools as members of tool sets.
pub struct Cedar {
    authorizer: cedar::Authorizer,
    policies: cedar::PolicySet,
    entities: cedar::Entities,
    call: cedar::EntityUid,
    agent: cedar::EntityTypeName,
    tool: cedar::EntityTypeName,
}

impl Default for Cedar {
    fn default() -> Self {
        let mut text =
            String::from("forbid(principal, action == Action::\"call\", resource in ToolSet::\"denied\");\n");
        for number in 0..AGENTS {
            let name = agent(number);
            text.push_str(&format!(
                "permit(principal == Agent::\"{name}\", action == Action::\"call\", resource in ToolSet::\"{name}\");\n"
            ));
        }
        let uid = |kind: &str, id: &str| json!({ "type": kind, "id": id });
        let tool = |tool: &&str| {
            let sets = (0..AGENTS).filter(|number| allowed(*number).contains(tool)).map(agent);
            let sets = sets.chain(DENIED.contains(tool).then(|| "denied".to_owned()));
            let parents: Vec<Value> = sets.map(|set| uid("ToolSet", &set)).collect();
            json!({ "uid": uid("Tool", tool), "attrs": {}, "parents": parents })
        };
        let set = |name: String| json!({ "uid": uid("ToolSet", &name), "attrs": {}, "parents": [] });
        let sets = (0..AGENTS).map(agent).chain(["denied".to_owned()]).map(set);
        let agents = (0..AGENTS).map(|n| json!({ "uid": uid("Agent", &agent(n)), "attrs": {}, "parents": [] }));
        let entities: Vec<Value> = TOOLS.iter().map(tool).chain(sets).chain(agents).collect();
        Self {
            authorizer: cedar::Authorizer::new(),
            policies: text.parse().expect("the policies are Cedar"),
            entities: cedar::Entities::from_json_value(entities.into(), None).expect("the entities are well formed"),
            call: "Action::\"call\"".parse().expect("a uid"),
            agent: "Agent".parse().expect("a type name"),
            tool: "Tool".parse().expect("a type name"),
        }
    }
}

impl Contestant for Cedar {
    type Question = cedar::Request;

    const NAME: &'static str = "cedar-policy";

    fn question(&self, agent: &str, tool: &str) -> cedar::Request {
        let agent = cedar::EntityUid::from_type_name_and_id(self.agent.clone(), cedar::EntityId::new(agent));
        let tool = cedar::EntityUid::from_type_name_and_id(self.tool.clone(), cedar::EntityId::new(tool));
        cedar::Request::new(agent, self.call.clone(), tool, cedar::Context::empty(), None).expect("no schema, no error")
    }

    fn ask(&mut self, question: &cedar::Request) -> bool {
        let response = self.authorizer.is_authorized(question, &self.policies, &self.entities);
        black_box(response).decision() == cedar::Decision::Allow
    }
}

/// The scenario as ten Rego rules.
fn rego() -> String {
    let set = |tools: &[&str]| format!("{{\"{}\"}}", tools.join("\", \""));
    let mut text = format!(
        "package tools\n\nimport rego.v1\n\ndefault allow := false\n\ndenied if input.tool in {}\n\n",
        set(&DENIED)
    );
    for number in 0..AGENTS {
        let tools = set(&allowed(number));
        text.push_str(&format!(
            "allow if {{\n\tinput.agent == \"{}\"\n\tinput.tool in {tools}\n\tnot denied\n}}\n\n",
            agent(number)
        ));
    }
    text
}

/// The same with the lists as data: two rules, whatever the number of agents.
fn rego_with_data() -> (String, Value) {
    let text = "package tools\n\nimport rego.v1\n\ndefault allow := false\n\nallow if {\n\t\
         data.allowed[input.agent][input.tool]\n\tnot data.denied[input.tool]\n}\n";
    let keys = |tools: &[&str]| tools.iter().map(|tool| ((*tool).to_owned(), true.into())).collect::<Map<_, _>>();
    let lists: Map<String, Value> = (0..AGENTS).map(|n| (agent(n), keys(&allowed(n)).into())).collect();
    (text.to_owned(), json!({ "allowed": lists, "denied": keys(&DENIED) }))
}

const ALLOW: &str = "data.tools.allow";

/// regorus, its interpreter, one engine kept and given each input.
pub struct Regorus(regorus::Engine);

impl Default for Regorus {
    fn default() -> Self {
        let mut engine = regorus::Engine::new();
        engine.add_policy("tools.rego".to_owned(), rego()).expect("the policy is Rego");
        Self(engine)
    }
}

impl Contestant for Regorus {
    type Question = regorus::Value;

    const NAME: &'static str = "regorus";

    fn question(&self, agent: &str, tool: &str) -> regorus::Value {
        regorus_input(agent, tool)
    }

    fn ask(&mut self, question: &regorus::Value) -> bool {
        self.0.set_input(question.clone());
        self.0.eval_rule(ALLOW.to_owned()).expect("the rule evaluates") == regorus::Value::Bool(true)
    }
}

/// regorus, its interpreter, the lists kept as data.
pub struct RegorusData(regorus::Engine);

impl Default for RegorusData {
    fn default() -> Self {
        let (text, data) = rego_with_data();
        let mut engine = regorus::Engine::new();
        engine.add_policy("tools.rego".to_owned(), text).expect("the policy is Rego");
        engine.add_data_json(&data.to_string()).expect("the data is JSON");
        Self(engine)
    }
}

impl Contestant for RegorusData {
    type Question = regorus::Value;

    const NAME: &'static str = "regorus, lists as data";

    fn question(&self, agent: &str, tool: &str) -> regorus::Value {
        regorus_input(agent, tool)
    }

    fn ask(&mut self, question: &regorus::Value) -> bool {
        self.0.set_input(question.clone());
        self.0.eval_rule(ALLOW.to_owned()).expect("the rule evaluates") == regorus::Value::Bool(true)
    }
}

/// regorus, its virtual machine, which its documents call the faster of the two.
pub struct RegorusVm(RegoVM);

impl Default for RegorusVm {
    fn default() -> Self {
        let mut engine = regorus::Engine::new();
        engine.add_policy("tools.rego".to_owned(), rego()).expect("the policy is Rego");
        let compiled = engine.compile_with_entrypoint(&ALLOW.into()).expect("the rule exists");
        let program = regorus::languages::rego::compiler::Compiler::compile_from_policy(&compiled, &[ALLOW]);
        let mut machine = RegoVM::new();
        machine.load_program(program.expect("the policy compiles"));
        Self(machine)
    }
}

impl Contestant for RegorusVm {
    type Question = regorus::Value;

    const NAME: &'static str = "regorus, virtual machine";

    fn question(&self, agent: &str, tool: &str) -> regorus::Value {
        regorus_input(agent, tool)
    }

    fn ask(&mut self, question: &regorus::Value) -> bool {
        self.0.set_input(question.clone());
        self.0.execute().expect("the program runs") == regorus::Value::Bool(true)
    }
}

fn regorus_input(agent: &str, tool: &str) -> regorus::Value {
    let mut input = regorus::Value::new_object();
    let object = input.as_object_mut().expect("an object");
    object.insert("agent".into(), agent.into());
    object.insert("tool".into(), tool.into());
    input
}

/// casbin: deny overrides, tools as members of tool sets.
pub struct Casbin(Enforcer);

impl Default for Casbin {
    fn default() -> Self {
        let model = "[request_definition]\nr = sub, obj, act\n\n[policy_definition]\np = sub, obj, act, eft\n\n\
            [role_definition]\ng = _, _\n\n\
            [policy_effect]\ne = some(where (p.eft == allow)) && !some(where (p.eft == deny))\n\n\
            [matchers]\nm = (p.sub == \"*\" || r.sub == p.sub) && r.act == p.act && g(r.obj, p.obj)\n";
        let own = |text: &str| text.to_owned();
        let deny = vec!["*".to_owned(), own("denied"), own("call"), own("deny")];
        let allow = |number| vec![agent(number), agent(number), own("call"), own("allow")];
        let rules = std::iter::once(deny).chain((0..AGENTS).map(allow)).collect();
        let members = (0..AGENTS).flat_map(|number| allowed(number).into_iter().map(move |tool| (tool, agent(number))));
        let members = members.chain(DENIED.into_iter().map(|tool| (tool, "denied".to_owned())));
        let members = members.map(|(tool, set)| vec![tool.to_owned(), set]).collect();
        let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
        Self(runtime.block_on(async {
            let model = DefaultModel::from_str(model).await.expect("the model is casbin's");
            let mut enforcer = Enforcer::new(model, MemoryAdapter::default()).await.expect("an enforcer");
            enforcer.add_policies(rules).await.expect("the rules are new");
            enforcer.add_grouping_policies(members).await.expect("the members are new");
            enforcer
        }))
    }
}

impl Contestant for Casbin {
    type Question = (Arc<str>, Arc<str>);

    const NAME: &'static str = "casbin";

    fn question(&self, agent: &str, tool: &str) -> Self::Question {
        (agent.into(), tool.into())
    }

    fn ask(&mut self, (agent, tool): &Self::Question) -> bool {
        self.0.enforce((&**agent, &**tool, "call")).expect("the matcher evaluates")
    }
}
