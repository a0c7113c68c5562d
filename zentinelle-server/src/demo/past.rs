//! The past of the demonstration organisation: what its agents tried in the last months goes
//! through the engine and the services as it would have then, by a clock that stands still where
//! it is put. Nothing that is shown later was written down here.

use std::sync::Arc;
use std::time::Duration;

use sea_orm::{ColumnTrait as _, EntityTrait as _, QueryFilter as _, QueryOrder as _, QuerySelect as _};
use serde_json::{Value, json};
use zentinelle_core::ids::{AgentId, TenantId};

use super::scenario::{self, Dice, Organisation, Worker};
use super::{present, reports};
use crate::app::App;
use crate::auth::{AgentFacts, Caller};
use crate::clock::{self, Clock};
use crate::http::error::ApiError;
use crate::jobs::tasks;
use crate::service::agents::Edit;
use crate::service::approvals::resolve::{self, Verdict};
use crate::service::decide::{self, Asked, Source};
use crate::service::enrolment::Registration;
use crate::service::interactions::{self, ReportedUsage, Turn};
use crate::service::policies::Keeper;
use crate::service::policies::documents::{self, Manner};
use crate::service::{
    agent_groups, agents, alert_rules, alerts, content_rules, incidents, legal_holds, models, packs, risks,
    system_prompts, tenants,
};
use crate::store::entities::{alert, approval, incident, risk};
use crate::store::{notifications, policies};

/// Unit: microseconds.
const MINUTE: i64 = 60_000_000;
const DAY: i64 = 1_440 * MINUTE;
/// How often a report of the month is asked for. Unit: days.
const MONTH: u32 = 30;
/// Where the dice start.
const SEED: u64 = 20_260_701;
/// How many incidents one risk is linked with.
const MOST_LINKED: u64 = 20;
/// How long the database may take to have everything.
pub(super) const PATIENCE: Duration = Duration::from_secs(120);

/// When so many days began of which today is the last. Days begin at midnight, UTC.
pub(super) fn beginning(now: i64, days: u32) -> i64 {
    (now.div_euclid(DAY) + 1 - i64::from(days)) * DAY
}

/// Lives through so many days, up to now.
pub(super) async fn live(app: &App, tenant: &TenantId, scenario: &Organisation, days: u32) -> Result<(), ApiError> {
    let now = clock::now_micros();
    let begin = beginning(now, days);
    let clock = Clock::at(begin);
    let past = Past { app, tenant, scenario, clock: clock.clone(), now };
    clock::by(clock, past.live(begin, days)).await
}

struct Past<'a> {
    app: &'a App,
    tenant: &'a TenantId,
    scenario: &'a Organisation,
    clock: Clock,
    now: i64,
}

impl Past<'_> {
    async fn live(&self, begin: i64, days: u32) -> Result<(), ApiError> {
        self.begin().await?;
        let mut crew = Vec::new();
        for worker in &self.scenario.agents {
            let id = AgentId::new(worker.id.as_str());
            let facts = self.app.directory.agent(self.tenant, &id).await?;
            crew.push((worker, facts.ok_or(ApiError::NotFound { what: "agent" })?));
        }
        let mut dice = Dice(SEED);
        for day in 0..days {
            let midnight = begin + i64::from(day) * DAY;
            let mut plan = self.plan(&crew, midnight, u64::from(day), &mut dice);
            plan.sort_by_key(|(at, _, _)| *at);
            for (at, number, talks) in plan {
                self.clock.set(at);
                let Some((worker, facts)) = crew.get(number) else { continue };
                if talks {
                    self.talk(worker, facts, &mut dice).await?;
                } else {
                    self.act(worker, facts, &mut dice).await?;
                }
            }
            let last = day + 1 == days;
            if day % 7 == 6 || last {
                self.look_after(midnight + DAY - MINUTE, &mut dice).await?;
            }
            if day % MONTH == MONTH - 1 || last {
                self.settle().await?;
                self.clock.set((midnight + DAY).min(self.now) - 20 * MINUTE);
                let who = [self.somebody(1), self.somebody(0)];
                reports::ask(self.app, &self.clock, &who, last).await?;
            }
        }
        self.clock.set(self.now);
        present::report(self.app, self.tenant, self.scenario)?;
        self.settle().await?;
        self.job(tasks::roll_up::roll_up(self.app, self.tenant).await);
        self.job(tasks::baselines::learn(self.app, self.tenant).await);
        self.link_incidents().await
    }

    /// Puts the risks of the scenario into the register, with the policies that are about them.
    async fn register_risks(&self) -> Result<(), ApiError> {
        let known = policies::all(self.app.store.db(), self.tenant).await?;
        for (number, risk) in (0..).zip(&self.scenario.risks) {
            let mut risk = risk.as_object().cloned().unwrap_or_default();
            let names = risk.remove("policies").unwrap_or_default();
            let names = names.as_array().into_iter().flatten().filter_map(Value::as_str);
            let ids: Vec<&str> =
                names.filter_map(|name| Some(known.iter().find(|policy| policy.name == name)?.id.as_str())).collect();
            risk.insert("policy_ids".to_owned(), json!(ids));
            if let Some(agents) = risk.remove("agents") {
                risk.insert("agent_ids".to_owned(), agents);
            }
            risks::create(self.app, &self.somebody(number % 3), scenario::input(&Value::Object(risk))?).await?;
            self.clock.advance(MINUTE);
        }
        Ok(())
    }

    /// Says of each risk in which incidents it came true: those of the policies that are about it.
    async fn link_incidents(&self) -> Result<(), ApiError> {
        let db = self.app.store.db();
        let known = risk::Entity::find().filter(risk::Column::TenantId.eq(self.tenant.as_str())).all(db).await?;
        let ids: Vec<String> = known.into_iter().map(|row| row.id).collect();
        for (id, linked) in ids.iter().zip(risks::linked(self.app, self.tenant, &ids).await?) {
            let about = incident::Entity::find()
                .filter(incident::Column::TenantId.eq(self.tenant.as_str()))
                .filter(incident::Column::PolicyId.is_in(linked.policies))
                .order_by_desc(incident::Column::OccurredAt)
                .limit(MOST_LINKED);
            let incidents: Vec<String> = about.all(db).await?.into_iter().map(|row| row.id).collect();
            if !incidents.is_empty() {
                let change = scenario::input(&json!({ "incident_ids": incidents }))?;
                risks::update(self.app, &self.somebody(1), id, change).await?;
            }
        }
        Ok(())
    }

    /// Founds the organisation: its groups, agents, policies, rules and prompts.
    async fn begin(&self) -> Result<(), ApiError> {
        let (app, caller) = (self.app, &self.somebody(0));
        tenants::rename(app, caller, &self.scenario.name).await?;
        let written = documents::read(scenario::POLICIES, self.tenant).map_err(ApiError::Policies)?;
        let manner = Manner { keeper: Keeper::Document, prune: false, dry_run: false };
        documents::apply(app, caller, &written, manner, "the demonstration's policies").await?;
        let soc2 = packs::by_name("soc2")?;
        packs::activate(app, caller, soc2, Some(zentinelle_core::Enforcement::Audit), false).await?;
        let mut groups = Vec::new();
        for group in &self.scenario.groups {
            let edit = agent_groups::GroupEdit {
                slug: Some(group.slug.clone()),
                name: Some(group.name.clone()),
                description: Some(group.description.clone()),
                tier: Some(group.tier.clone()),
                color: Some(group.color.clone()),
            };
            groups.push((group.slug.as_str(), agent_groups::create(app, caller, edit).await?.id));
        }
        for worker in &self.scenario.agents {
            let registration = Registration {
                agent_id: Some(worker.id.clone()),
                agent_type: Some(worker.agent_type.clone()),
                name: Some(worker.name.clone()),
                capabilities: Some(vec!["chat".to_owned(), "tools".to_owned()]),
                metadata: Some(json!({ "model": worker.model, "environment": "production" })),
            };
            let group = groups.iter().find(|(slug, _)| *slug == worker.group).map(|(_, id)| id.clone());
            let edit = Edit { group_id: Some(group), ..Edit::default() };
            agents::create(app, caller, registration, edit).await?;
            self.clock.advance(MINUTE);
        }
        for model in &self.scenario.models {
            models::create(app, caller, scenario::input(model)?).await?;
        }
        for rule in &self.scenario.content_rules {
            content_rules::create(app, caller, scenario::input(rule)?).await?;
        }
        for rule in &self.scenario.alert_rules {
            alert_rules::create(app, caller, scenario::input(rule)?).await?;
        }
        for prompt in &self.scenario.prompts {
            system_prompts::create(app, caller, scenario::input(prompt)?).await?;
        }
        let hold = legal_holds::Input {
            name: Some("Refund dispute, customer C-4417".to_owned()),
            reason: Some(
                "What the help desk's agent was asked and answered is kept until the case is closed.".to_owned(),
            ),
            hold_type: Some("litigation".to_owned()),
            reference_number: Some("2026-117".to_owned()),
            agent_ids: Some(vec!["support-assistant".to_owned()]),
            custodian_email: Some("maya.lindqvist@northwind.example".to_owned()),
            notify_on_access: Some(true),
            ..legal_holds::Input::default()
        };
        legal_holds::create(app, caller, hold).await?;
        app.content_rules_changed(self.tenant).await;
        self.register_risks().await
    }

    /// When which agent acts or talks on a day: less at week-ends, more from month to month.
    fn plan(
        &self,
        crew: &[(&Worker, Arc<AgentFacts>)],
        midnight: i64,
        day: u64,
        dice: &mut Dice,
    ) -> Vec<(i64, usize, bool)> {
        let weekday = (midnight.div_euclid(DAY) + 4).rem_euclid(7); // 0 is Sunday
        let share = if weekday == 0 || weekday == 6 { 25 } else { 100 };
        let mut plan = Vec::new();
        for (number, (worker, _)) in crew.iter().enumerate() {
            // A new agent starts a month in, and one was idle for a fortnight.
            let absent =
                (worker.id == "lead-researcher" && day < 30) || (worker.id == "release-manager" && day % 45 > 30);
            let growth = 40 + day.min(90) * 60 / 90;
            let times = worker.pace * share * growth / 10_000 + dice.below(3);
            for _ in 0..if absent { 0 } else { times } {
                let hour = if worker.users.is_empty() { dice.below(24) } else { 8 + dice.below(10) };
                let at = midnight + i64::try_from(hour * 60 + dice.below(60)).unwrap_or_default() * MINUTE;
                let at = at + i64::try_from(dice.below(60_000_000)).unwrap_or_default();
                let talks = dice.below(3) == 0;
                if at < self.now {
                    plan.push((at, number, talks));
                }
            }
        }
        plan
    }

    /// An agent tries something.
    async fn act(&self, worker: &Worker, facts: &Arc<AgentFacts>, dice: &mut Dice) -> Result<(), ApiError> {
        let Some(deed) = dice.pick(&worker.does, |deed| deed.weight) else { return Ok(()) };
        let asked = Asked {
            agent: Arc::clone(facts),
            user: worker.user(dice),
            action: deed.action.clone(),
            context: deed.context(worker.session(self.clock.micros()), dice),
            dry_run: false,
            source: Source::Native,
        };
        decide::answer(self.app, asked).await.map(drop)
    }

    /// The system prompt an agent speaks with, as the organisation's library has it.
    fn prompt(&self, worker: &Worker) -> String {
        let prompts = self.scenario.prompts.iter();
        let named = |prompt: &&Value| prompt.get("slug").and_then(Value::as_str) == worker.prompt.as_deref();
        let Some(prompt) = worker.prompt.as_ref().and_then(|_| prompts.into_iter().find(named)) else {
            return String::new();
        };
        let text = prompt.get("prompt_text").and_then(Value::as_str).unwrap_or_default();
        let defaults = prompt.pointer("/details/variable_defaults").unwrap_or(&Value::Null);
        system_prompts::usage::rendered(text, defaults, &Value::Null)
    }

    /// An agent speaks with its model.
    async fn talk(&self, worker: &Worker, facts: &Arc<AgentFacts>, dice: &mut Dice) -> Result<(), ApiError> {
        let Some(talk) = dice.pick(&worker.says, |talk| talk.weight) else { return Ok(()) };
        let number = |dice: &mut Dice, least: u64, span: u64| i64::try_from(least + dice.below(span)).ok();
        let turn = Turn {
            agent: Arc::clone(facts),
            user: worker.user(dice),
            interaction_type: "chat".to_owned(),
            session_id: Some(worker.session(self.clock.micros())),
            request_id: None,
            provider: Some(worker.provider.clone()),
            model: Some(worker.model.clone()),
            input: dice.fill(&talk.input),
            output: dice.fill(&talk.output),
            system_prompt: self.prompt(worker),
            tool_calls: Vec::new(),
            usage: ReportedUsage {
                input: number(dice, 2_000, 60_000),
                cached_input: number(dice, 0, 9_000).unwrap_or_default(),
                output: number(dice, 150, 3_000),
                ..ReportedUsage::default()
            },
            latency_ms: number(dice, 400, 4_200),
            usd_micros: None,
            evaluation_id: None,
            occurred_at: self.clock.micros(),
        };
        interactions::log_behind(self.app, turn).await
    }

    /// What people made of the week: alerts, incidents and approvals.
    async fn look_after(&self, at: i64, dice: &mut Dice) -> Result<(), ApiError> {
        self.settle().await?;
        let at = at.min(self.now);
        self.clock.set(at);
        self.job(tasks::alert_rules::check(self.app, self.tenant).await);
        // What nobody answered in time is over, as the schedule finds within half a minute.
        resolve::expire_due(self.app).await?;
        // What came up in the last days is still on the table.
        let recent = self.now - 2 * DAY;
        let db = self.app.store.db();
        if at < recent {
            notifications::read_all(db, self.tenant, at).await?;
        }
        let pending = approval::Entity::find()
            .filter(approval::Column::TenantId.eq(self.tenant.as_str()))
            .filter(approval::Column::Status.eq("pending"))
            .order_by_asc(approval::Column::RequestedAt);
        for row in pending.all(db).await? {
            let answered = row.requested_at + i64::try_from(2 + dice.below(25)).unwrap_or_default() * MINUTE;
            if answered >= row.expires_at || answered >= self.now || dice.below(10) == 0 {
                continue; // nobody looked in time
            }
            self.clock.set(answered);
            let (verdict, note) = match dice.below(5) {
                0 => (Verdict::Deny, "Not without the contract; ask again with it."),
                _ => (Verdict::Approve, "Checked against the order."),
            };
            resolve::resolve(self.app, &self.somebody(dice.below(3)), &row.id, verdict, note).await?;
        }
        let open = alert::Entity::find()
            .filter(alert::Column::TenantId.eq(self.tenant.as_str()))
            .filter(alert::Column::Status.is_in(["open", "acknowledged"]))
            .filter(alert::Column::CreatedAt.lt(recent));
        for row in open.all(db).await? {
            self.clock.set((row.created_at + 3 * 60 * MINUTE).min(at));
            let who = self.somebody(1 + dice.below(2));
            if row.status == "open" {
                alerts::acknowledge(self.app, &who, &row.id).await?;
            }
            if dice.below(6) > 0 {
                self.clock.advance(90 * MINUTE);
                let (note, is_false) = match dice.below(4) {
                    0 => ("A test of the new rule.", true),
                    _ => ("Spoke with the team; the prompt was changed.", false),
                };
                alerts::resolve(self.app, &who, &row.id, note, is_false).await?;
            }
        }
        let open = incident::Entity::find()
            .filter(incident::Column::TenantId.eq(self.tenant.as_str()))
            .filter(incident::Column::Status.eq("open"))
            .filter(incident::Column::CreatedAt.lt(recent));
        for row in open.all(db).await? {
            self.work_on(&row, at, dice).await?;
        }
        Ok(())
    }

    /// Somebody takes an incident, and most of them are brought to an end.
    async fn work_on(&self, row: &incident::Model, at: i64, dice: &mut Dice) -> Result<(), ApiError> {
        let who = self.somebody(dice.below(3));
        let assignee = who.signed_in.as_ref().and_then(|person| person.email.clone());
        let minutes = i64::try_from(20 + dice.below(300)).unwrap_or_default();
        self.clock.set((row.created_at + minutes * MINUTE).min(at));
        let take = json!({ "status": "investigating", "assignee_id": assignee });
        incidents::update(self.app, &who, &row.id, scenario::input(&take)?).await?;
        if dice.below(5) == 0 {
            return Ok(());
        }
        self.clock.advance(minutes * MINUTE * 2);
        let end = json!({
            "status": "resolved",
            "root_cause": "The agent took over text it had read as if it were an order.",
            "resolution": "The call was refused as intended; the prompt now says what the text is.",
            "impact": "None: nothing left the organisation.",
        });
        incidents::update(self.app, &who, &row.id, scenario::input(&end)?).await.map(drop)
    }

    /// One of those who look after agents.
    fn somebody(&self, number: u64) -> Caller {
        self.scenario.caller(self.tenant, usize::try_from(number).unwrap_or_default())
    }

    /// Waits until the database has everything.
    async fn settle(&self) -> Result<(), ApiError> {
        if self.app.recorder.settled(PATIENCE).await {
            return Ok(());
        }
        Err(ApiError::Unavailable("the database does not keep up with the demonstration".to_owned()))
    }

    fn job<E: std::fmt::Debug>(&self, done: Result<(), E>) {
        if let Err(error) = done {
            tracing::warn!(?error, "a job of the demonstration failed");
        }
    }
}
