// The dialogs about one agent, shared by the list and its page.
"use client";
import { useMutation, useQuery } from "@apollo/client/react";
import { Stack, Text } from "@chakra-ui/react";
import { useState } from "react";
import { attempt, type Outcome, type Payload } from "@/lib/outcome";
import { t, word } from "@/messages";
import { ChoiceField, ConfirmDialog, FormDialog, LongField, TextField } from "@/ui/dialogs";
import { SecretOnce } from "@/ui/small";
import { tell } from "@/ui/toasts";
import { type AgentFacts, useAgain } from "./parts";
import { AgentGroups, AssignAgent, CreateAgent, CreateEnrolment, DeleteAgent, NewAgentKey, RemoveFromGroup, SuspendAgent, UpdateAgent } from "./queries";

export const AGENT_TYPES = ["claude_code", "codex", "gemini", "langchain", "langgraph", "mcp", "chat", "custom"];

export type AgentDialog = "edit" | "suspend" | "key" | "delete" | "assign";

function parseMetadata(text: string): { value?: unknown; bad?: Outcome } {
  try {
    const value: unknown = JSON.parse(text || "{}");
    if (typeof value === "object" && value !== null && !Array.isArray(value)) return { value };
  } catch {
    // said below
  }
  return { bad: { success: false, problems: [{ message: t("agents.metadata.bad"), path: ["metadata"] }] } };
}

const words = (text: string) => text.split(",").map((one) => one.trim()).filter(Boolean);

/** Registers an agent, or changes one. The key of a new agent is shown once. */
export function AgentForm({ open, close, agent }: { open: boolean; close: () => void; agent?: AgentFacts }) {
  return open ? <Form close={close} agent={agent} /> : null;
}

function Form({ close, agent }: { close: () => void; agent?: AgentFacts }) {
  const again = useAgain();
  const [create] = useMutation(CreateAgent);
  const [update] = useMutation(UpdateAgent);
  const [name, setName] = useState(agent?.name ?? "");
  const [agentId, setAgentId] = useState(agent?.agentId ?? "");
  const [type, setType] = useState(agent?.agentType ?? "custom");
  const [capabilities, setCapabilities] = useState(Array.isArray(agent?.capabilities) ? (agent.capabilities as unknown[]).join(", ") : "");
  const [metadata, setMetadata] = useState(agent?.metadata ? JSON.stringify(agent.metadata, null, 2) : "{}");
  const [key, setKey] = useState<string>();
  const suggested = name.toLowerCase().normalize("NFKD").replace(/[^a-z0-9]+/g, "-").replace(/^-+|-+$/g, "");
  const submit = async () => {
    const { value, bad } = parseMetadata(metadata);
    if (bad) return bad;
    const shared = { name, agentType: type, capabilities: words(capabilities), metadata: value };
    const outcome = agent
      ? await attempt(async () => (await update({ variables: { input: { id: agent.id, ...shared } } })).data?.updateAgentEndpoint)
      : await attempt(async () => (await create({ variables: { input: { ...shared, agentId: agentId || suggested } } })).data?.createAgentEndpoint);
    if (outcome.success) {
      void again();
      const made = (outcome.payload as { apiKey?: string | null } | undefined)?.apiKey;
      if (made) setKey(made);
      else {
        tell.done(t("common.saved"));
        close();
      }
    }
    return outcome;
  };
  const types = [...new Set([...AGENT_TYPES, type])];
  return (
    <FormDialog open close={close} title={agent ? t("agents.edit", { name: agent.name }) : t("agents.register")} submit={submit} submitLabel={agent ? t("common.save") : t("agents.register")}
      after={key ? <Stack gap="3"><Text>{t("agents.created", { name })}</Text><SecretOnce value={key} /><Text fontSize="sm" color="fg.muted">{t("agents.created.next")}</Text></Stack> : undefined}>
      <TextField name="name" label={t("common.name")} value={name} set={setName} minLength={2} maxLength={255} required />
      <TextField name="agentId" label={t("agents.agentId")} value={agent ? agentId : agentId || suggested} set={setAgentId} help={agent ? undefined : t("agents.agentId.help")} maxLength={128} pattern="[a-z0-9]([a-z0-9\-]*[a-z0-9])?" mono readOnly={!!agent} required />
      <ChoiceField name="agentType" label={t("agents.type")} value={type} set={setType} choices={types.map((value) => ({ value, label: word(value) }))} />
      <TextField name="capabilities" label={t("agents.capabilities")} value={capabilities} set={setCapabilities} help={t("agents.capabilities.help")} />
      <LongField name="metadata" label={t("agents.metadata")} value={metadata} set={setMetadata} rows={4} mono />
    </FormDialog>
  );
}

/** Whatever is asked about an agent before it is done. */
export function AgentDialogs({ agent, kind, close, gone }: { agent: AgentFacts | undefined; kind: AgentDialog | undefined; close: () => void; gone?: () => void }) {
  const again = useAgain();
  const [suspend] = useMutation(SuspendAgent);
  const [renew] = useMutation(NewAgentKey);
  const [remove] = useMutation(DeleteAgent);
  const [key, setKey] = useState<string>();
  if (!agent) return null;
  const run = async (change: () => Promise<Payload | null | undefined>, after?: () => void) => {
    const outcome = await attempt(change);
    if (outcome.success) {
      after?.();
      void again();
    }
    return outcome;
  };
  const { id, name } = agent;
  return (
    <>
      <AgentForm open={kind === "edit"} close={close} agent={agent} />
      {kind === "assign" ? <Assign agent={agent} close={close} /> : null}
      <ConfirmDialog open={kind === "suspend"} close={close} title={t("agents.suspend.title", { name })} text={t("agents.suspend.text")} action={t("agents.suspend")} run={() => run(async () => (await suspend({ variables: { id } })).data?.suspendAgentEndpoint)} />
      <ConfirmDialog open={kind === "delete"} close={close} title={t("agents.delete.title", { name })} text={t("agents.delete.text")} action={t("common.delete")} typed={agent.agentId}
        run={() => run(async () => (await remove({ variables: { id } })).data?.deleteAgentEndpoint, gone)} />
      <ConfirmDialog open={kind === "key" && !key} close={() => { if (!key) close(); }} title={t("agents.newKey.title", { name })} text={t("agents.newKey.text")} action={t("agents.newKey")}
        run={async () => {
          let made: string | undefined;
          const outcome = await run(async () => {
            const payload = (await renew({ variables: { id } })).data?.regenerateEndpointApiKey;
            made = payload?.apiKey ?? undefined;
            return payload;
          });
          if (outcome.success) setTimeout(() => setKey(made));
          return outcome;
        }} />
      <FormDialog open={!!key} close={() => { setKey(undefined); close(); }} title={t("agents.newKey.done", { name })} submit={async () => ({ success: true, problems: [] })} after={<SecretOnce value={key ?? ""} />}>{null}</FormDialog>
    </>
  );
}

function Assign({ agent, close }: { agent: AgentFacts; close: () => void }) {
  const again = useAgain();
  const { data } = useQuery(AgentGroups, { variables: { first: 100 } });
  const [assign] = useMutation(AssignAgent);
  const [leave] = useMutation(RemoveFromGroup);
  const [group, setGroup] = useState(agent.agentGroup?.id ?? "");
  return (
    <FormDialog open close={close} size="sm" title={t("agents.assign")} submit={async () => {
      const outcome = group ? await attempt(async () => (await assign({ variables: { agentId: agent.id, groupId: group } })).data?.assignAgentToGroup)
        : await attempt(async () => (await leave({ variables: { agentId: agent.id } })).data?.removeAgentFromGroup);
      if (outcome.success) {
        void again();
        close();
      }
      return outcome;
    }}>
      <ChoiceField name="groupId" label={t("agents.group")} value={group} set={setGroup} empty={t("agents.noGroup")} choices={(data?.agentGroupsPage.nodes ?? []).map((one) => ({ value: one.id, label: one.name }))} />
    </FormDialog>
  );
}

/** A token with which agents register themselves. */
export function EnrolmentForm({ open, close }: { open: boolean; close: () => void }) {
  const [create] = useMutation(CreateEnrolment);
  const [name, setName] = useState("");
  const [hours, setHours] = useState("24");
  const [key, setKey] = useState<string>();
  const leave = () => {
    setKey(undefined);
    setName("");
    close();
  };
  return (
    <FormDialog open={open} close={leave} size="sm" title={t("agents.enrol")} lead={t("agents.enrol.lead")} submitLabel={t("common.create")} after={key ? <SecretOnce value={key} /> : undefined}
      submit={async () => {
        const outcome = await attempt(async () => (await create({ variables: { name, hours: Number(hours) } })).data?.createEnrolmentToken);
        if (outcome.success) setKey(outcome.payload?.apiKey ?? "");
        return outcome;
      }}>
      <TextField name="name" label={t("common.name")} value={name} set={setName} required />
      <TextField name="expiresInHours" label={t("agents.enrol.hours")} type="number" value={hours} set={setHours} required />
    </FormDialog>
  );
}
