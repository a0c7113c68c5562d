// Written by scripts/generate-types.mjs from docs/reference/schemas; do not edit.

/**
 * Names an agent; unique within its tenant.
 */
export type AgentId = string;
/**
 * Where an agent stands in its life. Only an active agent is ever permitted anything.
 */
export type AgentStatus = "provisioning" | "active" | "suspended" | "offline" | "terminated";
/**
 * What kind of software an agent is.
 */
export type AgentType =
  "claude_code" | "gemini" | "codex" | "calliope" | "langchain" | "langgraph" | "mcp" | "chat" | "custom";
/**
 * Names a deployment: a running installation that several agents share.
 */
export type DeploymentId = string;
/**
 * Names an agent group.
 */
export type GroupId = string;
/**
 * Names a team inside a tenant.
 */
export type SubOrganizationId = string;
/**
 * Names a tenant: the organisation that owns agents, policies and counters.
 */
export type TenantId = string;
/**
 * A stable, machine-readable name of an outcome: `<policy type>.<fault>`, for
 * example `context_limit.exceeded`. Set in stone once released.
 */
export type Code = string;
/**
 * Names the user an agent acts for.
 */
export type UserId = string;
/**
 * A SHA-256 digest as 64 lower-case hex digits.
 */
export type Digest = string;
/**
 * The answer to a request.
 */
export type Effect = "permit" | "deny" | "no_policy";
/**
 * What a violation of a policy does.
 */
export type Enforcement = "enforce" | "audit" | "disabled";
/**
 * Whose running total a counter is. Every holder belongs to the counter's tenant.
 */
export type Holder =
  | "tenant"
  | {
      sub_organization: SubOrganizationId;
    }
  | {
      deployment: DeploymentId;
    }
  | {
      group: GroupId;
    }
  | {
      agent: AgentId;
    }
  | {
      user: UserId;
    }
  | {
      /**
       * @minItems 2
       * @maxItems 2
       */
      agent_and_user: [unknown, unknown];
    };
/**
 * Names a policy.
 */
export type PolicyId = string;
/**
 * Something the host must do when it proceeds.
 */
export type Obligation =
  | {
      /**
       * Where the text stands in the request.
       */
      pointer: string;
      /**
       * Byte ranges to replace, in order, none overlapping.
       */
      spans: MaskedSpan[];
      type: "mask";
    }
  | {
      /**
       * The most rows.
       */
      max_rows: number;
      /**
       * The tool that returns them.
       */
      tool: string;
      type: "cap_rows";
    }
  | {
      /**
       * What to ask.
       */
      question: string;
      type: "ask_human";
    }
  | {
      /**
       * The fields to keep.
       */
      fields: string[];
      /**
       * Whether personal data in them is to be masked.
       */
      mask_pii: boolean;
      /**
       * How long to keep it, if that is said. Unit: days.
       */
      retention_days?: number | null;
      type: "log";
    }
  | {
      /**
       * The most output tokens.
       */
      max_output_tokens: number;
      type: "max_tokens";
    };
/**
 * Whether a policy was kept.
 */
export type PassOrFail = "pass" | "fail";
/**
 * A place inside a JSON value, as a JSON Pointer
 * ([RFC 6901](https://www.rfc-editor.org/rfc/rfc6901)). Empty means the whole value.
 */
export type Pointer = string;
/**
 * How bad a finding is.
 */
export type Severity = "low" | "medium" | "high" | "critical";
/**
 * What a token is for. A token of one purpose is never accepted for another.
 */
export type Purpose =
  "tool-approval" | "agent-capability-approval" | "human-oversight-approval" | "agent-delegation-v1";
/**
 * What raised a risk score.
 */
export type RiskFactor =
  | "policy_violation"
  | "policy_audit_flag"
  | "action_riskiness"
  | "data_contains_pii"
  | "is_pii_access"
  | "data_type_financial"
  | "data_type_pii"
  | "production_datasource"
  | "no_encryption_sensitive"
  | "behavioral_anomaly"
  | "audit_warnings"
  | "dry_run_denials";
/**
 * Where a policy applies: a level and, below the organisation, who is meant. Ids are
 * compared exactly.
 */
export type Scope =
  | {
      type: "organization";
    }
  | {
      id: SubOrganizationId;
      type: "sub_organization";
    }
  | {
      id: DeploymentId;
      type: "deployment";
    }
  | {
      id: GroupId;
      type: "group";
    }
  | {
      id: AgentId;
      type: "endpoint";
    }
  | {
      id: UserId;
      type: "user";
    };
/**
 * What a quantity counts.
 */
export type Unit = "calls" | "tokens" | "usd_micros" | "bytes";
/**
 * Why there is a warning.
 */
export type WarningKind = "notice" | "budget" | "anomaly" | "audit" | "dry_run_denial";
/**
 * How long a running total runs before it starts again from zero.
 */
export type Window =
  | {
      fixed: {
        /**
         * Length. Unit: seconds.
         */
        seconds: number;
      };
    }
  | {
      sliding: {
        /**
         * Length. Unit: seconds.
         */
        seconds: number;
      };
    }
  | "calendar_month";
/**
 * Whether a narrower policy of the same type can take a policy's place.
 */
export type Inheritance = "replace" | "floor";
/**
 * An agent as a request names it: by its id alone, or in full; tenant and id may come from
 * the host.
 */
export type AgentDocument =
  | string
  | {
      [k: string]: unknown;
    };
/**
 * Names a reservation in a ledger. Chosen by the host.
 */
export type ReservationId = string;

export interface Unused {
  [k: string]: unknown;
}
/**
 * A registered agent: who acts.
 *
 * Its ids come from authentication, never from the context of a request.
 */
export interface Agent {
  /**
   * The agent's id, unique within the tenant.
   */
  agent_id: string;
  /**
   * What kind of software the agent is.
   */
  agent_type?: "claude_code" | "gemini" | "codex" | "calliope" | "langchain" | "langgraph" | "mcp" | "chat" | "custom";
  /**
   * What the agent says it can do. Information only: no evaluator trusts it.
   */
  capabilities?: string[];
  /**
   * The deployment the agent runs in.
   */
  deployment_id?: DeploymentId | null;
  /**
   * The agent group the agent belongs to.
   */
  group_id?: GroupId | null;
  /**
   * Free facts about the agent. Information only.
   */
  metadata?: {
    [k: string]: unknown;
  };
  /**
   * The name shown to people.
   */
  name?: string;
  /**
   * Whether the agent may act at all. Default: active.
   */
  status?: "provisioning" | "active" | "suspended" | "offline" | "terminated";
  /**
   * The team the agent belongs to.
   */
  sub_organization_id?: SubOrganizationId | null;
  /**
   * The tenant that owns the agent.
   */
  tenant_id: string;
}
/**
 * Names one running total. Built by type from the authenticated tenant, agent and user,
 * never from texts glued together, so that no caller can open another's bucket.
 */
export interface Counter {
  /**
   * Whose total it is.
   */
  holder:
    | "tenant"
    | {
        sub_organization: SubOrganizationId;
      }
    | {
        deployment: DeploymentId;
      }
    | {
        group: GroupId;
      }
    | {
        agent: AgentId;
      }
    | {
        user: UserId;
      }
    | {
        /**
         * @minItems 2
         * @maxItems 2
         */
        agent_and_user: [unknown, unknown];
      };
  /**
   * What is counted, such as `rate_limit.requests_per_minute`.
   */
  meter: string;
  /**
   * A further part of the name, such as a session or a token id, where the meter has one.
   */
  subject?: string | null;
  /**
   * The tenant.
   */
  tenant: string;
}
/**
 * One part of a text to be replaced.
 */
export interface MaskedSpan {
  /**
   * One past the last byte.
   */
  end: number;
  /**
   * What stands in its place.
   */
  replacement: string;
  /**
   * First byte.
   */
  start: number;
}
/**
 * A warning with its kind and code.
 */
export interface Notice {
  /**
   * The stable code.
   */
  code: string;
  /**
   * Why there is a warning.
   */
  kind: "notice" | "budget" | "anomaly" | "audit" | "dry_run_denial";
  /**
   * What happened, in words.
   */
  message: string;
  /**
   * The policy it is about.
   */
  policy_id?: PolicyId | null;
}
/**
 * What one policy said.
 */
export interface PolicyEvaluation {
  /**
   * Whether the policy had anything to say of this request.
   */
  applicable: boolean;
  /**
   * The code of the failure.
   */
  code?: Code | null;
  /**
   * How strictly the policy applies.
   */
  enforcement: "enforce" | "audit" | "disabled";
  /**
   * Whether the policy is a floor, which nothing displaces.
   */
  floor?: boolean;
  /**
   * Names a policy.
   */
  id: string;
  /**
   * Why, when it failed; else null.
   */
  message?: string | null;
  /**
   * The policy's name.
   */
  name: string;
  /**
   * The same as a boolean.
   */
  passed: boolean;
  /**
   * The key that decided: of the policy, or of the request for codes `request.…`.
   */
  pointer?: Pointer | null;
  /**
   * `pass` or `fail`.
   */
  result: "pass" | "fail";
  /**
   * Where the policy applies.
   */
  scope:
    | {
        type: "organization";
      }
    | {
        id: SubOrganizationId;
        type: "sub_organization";
      }
    | {
        id: DeploymentId;
        type: "deployment";
      }
    | {
        id: GroupId;
        type: "group";
      }
    | {
        id: AgentId;
        type: "endpoint";
      }
    | {
        id: UserId;
        type: "user";
      };
  /**
   * How bad the failure is.
   */
  severity?: Severity | null;
  /**
   * The policy's type.
   */
  type: string;
  /**
   * The policy's revision.
   */
  version: number;
  /**
   * How many warnings the policy itself gave.
   */
  warnings: number;
}
/**
 * One line of a batch: all that a ledger needs to know. A batch holds each counter once.
 */
export interface Posting {
  /**
   * What to add. Unit: `unit`.
   */
  amount: number;
  counter: Counter1;
  /**
   * The most the total may be once the amount is added: the tightest enforced limit.
   * None adds without asking.
   */
  limit?: number | null;
  /**
   * What `amount` counts; decides which part of the true usage settles a reservation.
   */
  unit: "calls" | "tokens" | "usd_micros" | "bytes";
  /**
   * When the total starts again.
   */
  window:
    | {
        fixed: {
          /**
           * Length. Unit: seconds.
           */
          seconds: number;
        };
      }
    | {
        sliding: {
          /**
           * Length. Unit: seconds.
           */
          seconds: number;
        };
      }
    | "calendar_month";
}
/**
 * The running total.
 */
export interface Counter1 {
  /**
   * Whose total it is.
   */
  holder:
    | "tenant"
    | {
        sub_organization: SubOrganizationId;
      }
    | {
        deployment: DeploymentId;
      }
    | {
        group: GroupId;
      }
    | {
        agent: AgentId;
      }
    | {
        user: UserId;
      }
    | {
        /**
         * @minItems 2
         * @maxItems 2
         */
        agent_and_user: [unknown, unknown];
      };
  /**
   * What is counted, such as `rate_limit.requests_per_minute`.
   */
  meter: string;
  /**
   * A further part of the name, such as a session or a token id, where the meter has one.
   */
  subject?: string | null;
  /**
   * The tenant.
   */
  tenant: string;
}
/**
 * The approval that would flip a denial: what a person would have to sign.
 */
export interface Remedy {
  /**
   * Names an agent; unique within its tenant.
   */
  agent_id: string;
  /**
   * Binds the approval to the exact arguments of this call.
   */
  arguments?: Digest | null;
  /**
   * How long the approval holds. Unit: seconds.
   */
  max_age_seconds: number;
  /**
   * Names a policy.
   */
  policy_id: string;
  /**
   * What kind of token is needed.
   */
  purpose: "tool-approval" | "agent-capability-approval" | "human-oversight-approval" | "agent-delegation-v1";
  /**
   * The tool or action to be approved.
   */
  subject?: string | null;
  /**
   * The user it would act for.
   */
  user_id?: UserId | null;
}
/**
 * One risk factor with its points.
 */
export interface RiskFactorDocument {
  /**
   * What raised the score.
   */
  factor:
    | "policy_violation"
    | "policy_audit_flag"
    | "action_riskiness"
    | "data_contains_pii"
    | "is_pii_access"
    | "data_type_financial"
    | "data_type_pii"
    | "production_datasource"
    | "no_encryption_sensitive"
    | "behavioral_anomaly"
    | "audit_warnings"
    | "dry_run_denials";
  /**
   * By how much.
   */
  score: number;
}
/**
 * One policy that took another's place.
 */
export interface TraceDocument {
  /**
   * Why, in words.
   */
  because: string;
  /**
   * Names a policy.
   */
  displaced: string;
  /**
   * The type the two have in common.
   */
  type: string;
  /**
   * Names a policy.
   */
  winner: string;
}
/**
 * A decision in its outward form.
 */
export interface DecisionDocument {
  /**
   * Names an agent; unique within its tenant.
   */
  agent_id: string;
  /**
   * Whether to go on. Always true in a dry run, which only asks; see `effect`.
   */
  allowed: boolean;
  /**
   * What was spent.
   */
  charges: Posting[];
  /**
   * The code of the reason.
   */
  code?: Code | null;
  /**
   * The request's context with what policies added to it.
   */
  context: {
    [k: string]: unknown;
  };
  /**
   * The ids of the policies that made the decision what it is.
   */
  determining: PolicyId[];
  /**
   * Whether this was only a question.
   */
  dry_run: boolean;
  /**
   * Permit, deny or no policy; in a dry run what it would have been.
   */
  effect: "permit" | "deny" | "no_policy";
  /**
   * Warnings with kind and code, in the same order as `warnings`.
   */
  notices: Notice[];
  /**
   * What the host must do when it goes on.
   */
  obligations: Obligation[];
  /**
   * What each policy said, in the order in which they were asked.
   */
  policies_evaluated: PolicyEvaluation[];
  /**
   * The policy snapshot the decision was made with.
   */
  policy_set_version: string;
  /**
   * Why not, in words; null when allowed.
   */
  reason?: string | null;
  /**
   * The approvals that would flip the denial, when approvals would.
   */
  requestable?: Remedy[];
  /**
   * When a limit that refused opens again.
   */
  retry_at?: string | null;
  /**
   * What raised the score, with points, before the caps.
   */
  risk_factors: RiskFactorDocument[];
  /**
   * 0 to 100.
   */
  risk_score: number;
  /**
   * The tenant.
   */
  tenant_id: string;
  /**
   * Which policy took another's place, and why.
   */
  trace: TraceDocument[];
  /**
   * Warnings in words, budgets first.
   */
  warnings: string[];
}
/**
 * A rule somebody made: a type, its configuration, where it applies and how strictly.
 */
export interface Policy {
  /**
   * The configuration; its keys depend on the type.
   */
  config?: {
    [k: string]: unknown;
  };
  /**
   * When the policy was made.
   */
  created_at?: string | null;
  /**
   * Who made the policy.
   */
  created_by?: string;
  /**
   * What the policy is for.
   */
  description?: string;
  /**
   * Whether the policy takes part at all. Default: true.
   */
  enabled?: boolean;
  /**
   * What a violation does. Default: enforce.
   */
  enforcement?: "enforce" | "audit" | "disabled";
  /**
   * Names a policy.
   */
  id: string;
  /**
   * Whether a narrower policy of the same type can take this one's place. Default: replace.
   */
  inheritance?: "replace" | "floor";
  /**
   * The name shown to people. Need not be unique.
   */
  name: string;
  /**
   * Which policy of a type wins: higher beats lower, whatever the scope. Default: 0.
   */
  priority?: number;
  /**
   * Where the policy applies. Default: the whole organization.
   */
  scope?:
    | {
        type: "organization";
      }
    | {
        id: SubOrganizationId;
        type: "sub_organization";
      }
    | {
        id: DeploymentId;
        type: "deployment";
      }
    | {
        id: GroupId;
        type: "group";
      }
    | {
        id: AgentId;
        type: "endpoint";
      }
    | {
        id: UserId;
        type: "user";
      };
  /**
   * The tenant that owns the policy.
   */
  tenant_id: string;
  /**
   * The kind of policy: the name of one of the 24 types. A name the engine does not
   * know denies under `enforce`.
   */
  type: string;
  /**
   * When the policy was last changed.
   */
  updated_at?: string | null;
  /**
   * Counts the policy's revisions, from 1.
   */
  version?: number;
}
/**
 * An agent's usual behaviour: 95th percentiles over a learning window.
 *
 * Percentiles are taken by linear interpolation on the sorted values, at index
 * `0.95 * (n - 1)`.
 */
export interface Baseline {
  /**
   * Events of one hour. Unit: events.
   */
  requests_per_hour_p95?: number;
  /**
   * Events the baseline was learnt from. Unit: events.
   */
  sample_count?: number;
  /**
   * Tokens of one event. Unit: tokens.
   */
  token_usage_p95?: number;
  /**
   * Tool calls of one session. Unit: calls.
   */
  tool_calls_per_session_p95?: number;
  /**
   * Distinct domains of one day. Unit: domains.
   */
  unique_domains_per_day_p95?: number;
}
/**
 * A request as programs write it: the agent may be named in full or by its ids alone.
 *
 * `now` may be left out where the host fills in its own clock, and `tenant_id` and
 * `agent_id` where the host knows who asks.
 */
export interface RequestDocument {
  /**
   * What is attempted.
   */
  action?: string;
  /**
   * The agent in full.
   */
  agent?: AgentDocument | null;
  /**
   * The agent's id, when the agent is not given in full.
   */
  agent_id?: AgentId | null;
  /**
   * What the host has learnt about the agent's usual behaviour.
   */
  baseline?: Baseline | null;
  /**
   * Facts about the request. Null counts as empty.
   */
  context?: {
    [k: string]: unknown;
  } | null;
  /**
   * Ask only.
   */
  dry_run?: boolean;
  /**
   * An id of the caller's choosing, given back with the decision.
   */
  id?: {
    [k: string]: unknown;
  };
  /**
   * The instant at which the request is judged.
   */
  now?: string | null;
  /**
   * Makes every charge of this request a reservation under this id.
   */
  reservation?: ReservationId | null;
  /**
   * The tenant, when the agent is not given in full.
   */
  tenant_id?: TenantId | null;
  /**
   * The user the agent acts for.
   */
  user_id?: string | null;
}
