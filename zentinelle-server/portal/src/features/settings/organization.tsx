"use client";
import { useMutation, useQuery } from "@apollo/client/react";
import { Button, Input, Stack } from "@chakra-ui/react";
import { type FormEvent, useState } from "react";
import { day } from "@/lib/format";
import type { Problem } from "@/lib/outcome";
import { useMay } from "@/lib/session";
import { t, word } from "@/messages";
import { ChoiceField, FormField, FormProblems, ProblemList, SwitchField, TextField } from "@/ui/dialogs";
import { Card, Loaded } from "@/ui/page";
import { useRun } from "@/lib/change";
import { Facts, Identifier } from "@/ui/small";
import type { OrganizationQuery } from "./gql/graphql";
import { SettingsPage } from "./parts";
import { Organization, UpdateOrganization } from "./queries";

type Known = NonNullable<OrganizationQuery["myOrganization"]>;

export function OrganizationSettings() {
  const result = useQuery(Organization);
  return (
    <SettingsPage title={t("nav.organization")} lead={t("settings.lead")} permission="organization:read">
      <Loaded result={result}>{({ myOrganization }) => (myOrganization ? <Form key={myOrganization.id} known={myOrganization} /> : null)}</Loaded>
    </SettingsPage>
  );
}

function Form({ known }: { known: Known }) {
  const held = (known.settings ?? {}) as Record<string, unknown>;
  const of = (camel: string, snake: string) => held[camel] ?? held[snake];
  const run = useRun();
  const may = useMay();
  const [update] = useMutation(UpdateOrganization);
  const [name, setName] = useState(known.name ?? "");
  const [contactEmail, setEmail] = useState(String(of("contactEmail", "contact_email") ?? ""));
  const [timezone, setTimezone] = useState(String(of("timezone", "timezone") ?? "UTC"));
  const [mode, setMode] = useState(String(of("defaultPolicyMode", "default_policy_mode") ?? "enforce"));
  const [audit, setAudit] = useState(of("auditLogging", "audit_logging") !== false);
  const [byMail, setByMail] = useState(of("emailNotifications", "email_notifications") === true);
  const [bySlack, setBySlack] = useState(of("slackNotifications", "slack_notifications") === true);
  const [webhookUrl, setWebhook] = useState(String(of("webhookUrl", "webhook_url") ?? ""));
  const [problems, setProblems] = useState<readonly Problem[]>([]);
  const [busy, setBusy] = useState(false);
  const writes = may("settings:write");
  const save = async (event: FormEvent) => {
    event.preventDefault();
    setBusy(true);
    const settings = { name, contactEmail, timezone, defaultPolicyMode: mode, auditLogging: audit, emailNotifications: byMail, slackNotifications: bySlack, webhookUrl };
    const outcome = await run(async () => (await update({ variables: { settings } })).data?.updateOrganizationSettings, { done: t("common.saved"), quiet: true });
    setProblems(outcome.problems);
    setBusy(false);
  };
  return (
    <FormProblems value={problems}>
      <form onSubmit={(event: FormEvent) => void save(event)}>
        <fieldset disabled={!writes}>
          <Stack gap="4" maxW="46rem">
            {problems.length > 0 ? <ProblemList problems={problems} /> : null}
            <Card title={t("org.general")}>
              <Stack gap="4">
                <TextField name="name" label={t("common.name")} value={name} set={setName} maxLength={255} required />
                <TextField name="contactEmail" label={t("org.email")} type="email" value={contactEmail} set={setEmail} />
                <FormField name="timezone" label={t("org.timezone")}>
                  <Input size="sm" list="zones" value={timezone} onChange={({ target }) => setTimezone(target.value)} />
                </FormField>
                <datalist id="zones">{Intl.supportedValuesOf("timeZone").map((one) => <option key={one} value={one} />)}</datalist>
              </Stack>
            </Card>
            <Card title={t("org.enforcement")}>
              <Stack gap="4">
                <ChoiceField name="defaultPolicyMode" label={t("org.mode")} value={mode} set={setMode} choices={["enforce", "audit"].map((value) => ({ value, label: word(value) }))} />
                <SwitchField label={t("org.audit")} value={audit} set={setAudit} disabled={!writes} />
              </Stack>
            </Card>
            <Card title={t("org.notify")}>
              <Stack gap="4">
                <SwitchField label={t("org.notify.email")} value={byMail} set={setByMail} disabled={!writes} />
                <SwitchField label={t("org.notify.slack")} value={bySlack} set={setBySlack} disabled={!writes} />
                <TextField name="webhookUrl" label={t("org.webhook")} type="url" value={webhookUrl} set={setWebhook} placeholder="https://" />
              </Stack>
            </Card>
            {writes ? <Button type="submit" size="sm" loading={busy} alignSelf="flex-start">{t("common.save")}</Button> : null}
            <Card title={t("org.facts")}>
              <Facts items={[[t("common.id"), <Identifier key="id" value={known.id ?? ""} />], [t("org.slug"), known.slug], [t("org.tier"), word(known.zentinelleTier)], [t("common.created"), day(known.createdAt)]]} />
            </Card>
          </Stack>
        </fieldset>
      </form>
    </FormProblems>
  );
}
