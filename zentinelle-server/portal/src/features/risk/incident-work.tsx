// What gathers around an incident: evidence, comments, its history.
"use client";
import { Box, Button, chakra, Flex, HStack, Stack, Text, Textarea } from "@chakra-ui/react";
import { Paperclip } from "lucide-react";
import { useState } from "react";
import { sayProblems, useChange } from "@/lib/change";
import { instant, person } from "@/lib/format";
import { asList, asText } from "@/lib/json";
import { May } from "@/lib/session";
import { hrefFor } from "@/lib/url";
import { t, word } from "@/messages";
import { Tag } from "@/ui/badges";
import { ChoiceField, FormDialog, LongField, TextField } from "@/ui/dialogs";
import { Card } from "@/ui/page";
import { CopyButton, GoTo, RelativeTime } from "@/ui/small";
import type { IncidentRow } from "./incident-form";
import { AddEvidence, CommentIncident } from "./queries";

const KINDS = ["decision", "alert", "event", "interaction", "scan", "policy", "agent", "url", "note"];
/** Kinds whose reference is the id of a record with a page of its own. */
const RECORDS = ["decision", "alert", "policy", "agent"];

function Reference({ kind, reference }: { kind: string; reference: string }) {
  if (RECORDS.includes(kind)) return <GoTo href={hrefFor(kind, reference)}>{reference}</GoTo>;
  if (/^https?:\/\//.test(reference)) return <chakra.a href={reference} target="_blank" rel="noreferrer noopener" color="accent.fg" wordBreak="break-all">{reference}</chakra.a>;
  return <HStack gap="1" display="inline-flex"><Text as="span" wordBreak="break-all">{reference}</Text>{reference ? <CopyButton text={reference} /> : null}</HStack>;
}

export function Evidence({ incident }: { incident: IncidentRow }) {
  const [open, setOpen] = useState(false);
  const items = asList(incident.evidence);
  return (
    <Card title={`${t("incident.evidence")} (${items.length})`} actions={<May permission="incidents:write"><Button size="xs" variant="outline" onClick={() => setOpen(true)}><Paperclip size={13} aria-hidden /> {t("incident.addEvidence")}</Button></May>}>
      {items.length === 0 ? <Text fontSize="sm" color="fg.muted">{t("incident.noEvidence")}</Text> : (
        <Stack as="ul" gap="3" listStyleType="none">
          {items.map((item, index) => {
            const kind = asText(item.kind) || "note";
            const at = asText(item.at ?? item.addedAt ?? item.added_at);
            const by = asText(item.by ?? item.addedBy ?? item.added_by);
            return (
              <Flex as="li" key={index} gap="3" align="baseline" fontSize="sm" wrap="wrap">
                <Tag>{word(kind)}</Tag>
                <Box flex="1" minW="12rem">
                  <Reference kind={kind} reference={asText(item.reference ?? item.url)} />
                  {item.note ? <Text color="fg.muted">{asText(item.note)}</Text> : null}
                </Box>
                {at || by ? <Text fontSize="xs" color="fg.muted">{by}{by && at ? " · " : ""}{at ? <RelativeTime at={at} /> : null}</Text> : null}
              </Flex>
            );
          })}
        </Stack>
      )}
      {open ? <EvidenceDialog id={incident.id} close={() => setOpen(false)} /> : null}
    </Card>
  );
}

function EvidenceDialog({ id, close }: { id: string; close: () => void }) {
  const add = useChange(AddEvidence);
  const [kind, setKind] = useState("decision");
  const [reference, setReference] = useState("");
  const [note, setNote] = useState("");
  const submit = async () => {
    const outcome = await add({ id, kind, reference, note: note || undefined }, t("incident.evidenceAdded"));
    if (outcome.success) close();
    return outcome;
  };
  return (
    <FormDialog open close={close} title={t("incident.addEvidence")} lead={t("incident.evidence.lead")} submit={submit} submitLabel={t("incident.addEvidence")}>
      <ChoiceField name="kind" label={t("common.type")} value={kind} set={setKind} choices={KINDS.map((value) => ({ value, label: word(value) }))} />
      <TextField name="reference" label={t("incident.reference")} help={t("incident.reference.help")} value={reference} set={setReference} required />
      <LongField name="note" label={t("incident.note")} value={note} set={setNote} />
    </FormDialog>
  );
}

export function Comments({ incident }: { incident: IncidentRow }) {
  const comment = useChange(CommentIncident);
  const [text, setText] = useState("");
  const [busy, setBusy] = useState(false);
  const send = async () => {
    if (!text.trim() || busy) return;
    setBusy(true);
    const outcome = await comment({ id: incident.id, body: text.trim() });
    setBusy(false);
    sayProblems(outcome);
    if (outcome.success) setText("");
  };
  return (
    <Card title={`${t("incident.comments")} (${incident.comments.length})`}>
      <Stack gap="4">
        {incident.comments.length === 0 ? <Text fontSize="sm" color="fg.muted">{t("incident.noComments")}</Text> : null}
        {incident.comments.map((one) => (
          <Box key={one.id} borderInlineStartWidth="2px" borderColor="border.emphasized" ps="3">
            <HStack gap="2" fontSize="xs" color="fg.muted"><Text fontWeight="semibold" color="fg">{person(one.author)}</Text> <RelativeTime at={one.createdAt} /></HStack>
            <Text fontSize="sm" whiteSpace="pre-wrap">{one.body}</Text>
          </Box>
        ))}
        <May permission="incidents:write">
          <Stack as="form" gap="2" onSubmit={(event) => { event.preventDefault(); void send(); }}>
            <Textarea size="sm" rows={3} aria-label={t("incident.comment")} placeholder={t("incident.comment")} value={text} onChange={(event) => setText(event.target.value)}
              onKeyDown={(event) => { if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) { event.preventDefault(); void send(); } }} />
            <HStack justify="space-between"><Text fontSize="xs" color="fg.subtle">{t("incident.comment.keys")}</Text><Button type="submit" size="xs" loading={busy} disabled={!text.trim()}>{t("incident.send")}</Button></HStack>
          </Stack>
        </May>
      </Stack>
    </Card>
  );
}

export function History({ incident }: { incident: IncidentRow }) {
  const events = asList(incident.timelineEvents).map((one) => ({ at: asText(one.at ?? one.timestamp), name: asText(one.event ?? one.kind ?? one.title), note: asText(one.note ?? one.by) }));
  return (
    <Card title={t("incident.history")}>
      {events.length === 0 ? <Text fontSize="sm" color="fg.muted">{t("incident.noHistory")}</Text> : (
        <Stack as="ol" gap="3" listStyleType="none" borderInlineStartWidth="2px" borderColor="border" ps="4">
          {events.map((one, index) => (
            <Box as="li" key={index} position="relative" fontSize="sm" _before={{ content: '""', position: "absolute", insetStart: "-1.35rem", top: "0.45rem", boxSize: "0.55rem", rounded: "full", bg: "accent.solid" }}>
              <Text fontWeight="medium">{word(one.name)}</Text>
              <Text fontSize="xs" color="fg.muted">{one.at ? instant(one.at) : ""}{one.note ? ` · ${one.note}` : ""}</Text>
            </Box>
          ))}
        </Stack>
      )}
    </Card>
  );
}
