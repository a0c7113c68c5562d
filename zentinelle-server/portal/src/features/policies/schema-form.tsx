// A form made from a JSON Schema: one field for each property, with its help, unit and default.
"use client";
import { Box, Button, Field, Flex, HStack, Input, NativeSelect, Stack, Switch, Text, Textarea } from "@chakra-ui/react";
import { Plus, X } from "lucide-react";
import { useId, useState } from "react";
import type { Problem } from "@/lib/outcome";
import { t, word } from "@/messages";
import { IconAction } from "@/ui/small";
import type { Path } from "./draft";

export interface Schema {
  type?: string | string[];
  description?: string;
  default?: unknown;
  properties?: Record<string, Schema>;
  additionalProperties?: boolean | Schema;
  items?: Schema;
  enum?: unknown[];
  const?: unknown;
  oneOf?: Schema[];
  anyOf?: Schema[];
  $ref?: string;
  $defs?: Record<string, Schema>;
  minimum?: number;
  maximum?: number;
  required?: string[];
}

interface Part {
  schema: Schema;
  root: Schema;
  value: unknown;
  path: Path;
  set: (path: Path, value: unknown) => void;
  problems: readonly Problem[];
}

type Kind = "text" | "number" | "switch" | "choice" | "list" | "choices" | "object" | "map" | "json";

/** Follows references and drops the "or null" of an optional value. */
export function plain(schema: Schema, root: Schema): Schema {
  if (schema.$ref) {
    const name = schema.$ref.split("/").at(-1) ?? "";
    const { $ref: _, ...own } = schema;
    return plain({ ...(root.$defs?.[name] ?? {}), ...own }, root);
  }
  const options = schema.anyOf?.filter((one) => one.type !== "null");
  if (schema.anyOf && options?.length === 1 && options[0]) {
    const { anyOf: _, ...own } = schema;
    return plain({ ...options[0], ...own }, root);
  }
  return schema;
}

function typeOf(schema: Schema): string | undefined {
  return Array.isArray(schema.type) ? schema.type.find((one) => one !== "null") : schema.type;
}

function wordsOf(schema: Schema): { value: string; help?: string }[] | undefined {
  if (schema.enum?.every((one) => typeof one === "string" || one === null)) return schema.enum.filter((one) => one !== null).map((one) => ({ value: String(one) }));
  if (schema.oneOf?.every((one) => typeof one.const === "string")) return schema.oneOf.map((one) => ({ value: String(one.const), help: one.description }));
  return undefined;
}

export function kindOf(given: Schema, root: Schema): Kind {
  const schema = plain(given, root);
  if (wordsOf(schema)) return "choice";
  switch (typeOf(schema)) {
    case "boolean": return "switch";
    case "integer":
    case "number": return "number";
    case "string": return "text";
    case "array": {
      const items = plain(schema.items ?? {}, root);
      if (wordsOf(items)) return "choices";
      return ["string", "number", "integer"].includes(typeOf(items) ?? "") || items.anyOf?.some((one) => one.type === "string") ? "list" : "json";
    }
    case "object": return schema.properties ? "object" : typeof schema.additionalProperties === "object" ? "map" : "json";
    default: return schema.anyOf?.some((one) => plain(one, root).anyOf ?? ["number", "string"].includes(typeOf(plain(one, root)) ?? "")) ? "text" : "json";
  }
}

/** "max_input_tokens" as "Max input tokens". */
function title(name: string): string {
  return word(name).replace(/\b(pii|ip|ips|usd|sql|ttl|mfa|rag|url|id)\b/gi, (one) => (one === "ips" ? "IPs" : one.toUpperCase()));
}

function helpOf(schema: Schema): string | undefined {
  return schema.description?.replace(/\s*\n\s*/g, " ").replaceAll("`", "");
}

export function SchemaForm({ schema, value, set, problems, path = [] }: { schema: Schema; value: Record<string, unknown>; set: (path: Path, value: unknown) => void; problems: readonly Problem[]; path?: Path }) {
  return <Properties schema={schema} root={schema} value={value} path={path} set={set} problems={problems} />;
}

function Properties({ schema, root, value, path, set, problems }: Part) {
  const held = (typeof value === "object" && value !== null ? value : {}) as Record<string, unknown>;
  const named = Object.entries(schema.properties ?? {}).filter(([name]) => !name.startsWith("_"));
  // What is set comes first, then switches together at the end of the rest.
  const order = (name: string, one: Schema) => (name === "auto_incident" ? 9 : kindOf(one, root) === "switch" ? 2 : kindOf(one, root) === "object" || kindOf(one, root) === "map" ? 3 : 1);
  const sorted = named.map((entry, index) => [...entry, index] as const).sort((a, b) => order(a[0], a[1]) - order(b[0], b[1]) || a[2] - b[2]);
  return (
    <Stack gap="4">
      {sorted.map(([name, one]) => <Property key={name} name={name} schema={plain(one, root)} root={root} value={held[name]} path={[...path, name]} set={set} problems={problems} />)}
    </Stack>
  );
}

function Property({ name, ...part }: Part & { name: string }) {
  const { schema, root, value, path, set, problems } = part;
  const id = useId();
  const kind = kindOf(schema, root);
  const mine = problems.filter((one) => one.path.length >= path.length && path.every((step, index) => String(step) === one.path[index]));
  const usual = schema.default === undefined || schema.default === null || (Array.isArray(schema.default) && schema.default.length === 0) ? undefined : JSON.stringify(schema.default);
  const put = (next: unknown) => set(path, next);
  if (kind === "switch")
    return (
      <Box>
        <Switch.Root size="sm" checked={value === undefined || value === null ? schema.default === true : value === true} onCheckedChange={({ checked }) => put(checked === (schema.default === true) ? undefined : checked)}>
          <Switch.HiddenInput aria-describedby={id} />
          <Switch.Control />
          <Switch.Label>{title(name)}</Switch.Label>
        </Switch.Root>
        <Text id={id} fontSize="xs" color="fg.muted" mt="1" maxW="70ch">{helpOf(schema)}</Text>
        {mine.map((one, index) => <Text key={index} fontSize="xs" color="critical.fg" role="alert">{one.message}</Text>)}
      </Box>
    );
  if (kind === "object" || kind === "map")
    return (
      <Box as="fieldset" borderWidth="1px" borderColor="border" rounded="l2" p="4">
        <Text as="legend" fontSize="sm" fontWeight="medium" px="1">{title(name)}</Text>
        {helpOf(schema) ? <Text fontSize="xs" color="fg.muted" mb="3">{helpOf(schema)}</Text> : null}
        {kind === "object" ? <Properties {...part} /> : <Entries {...part} />}
      </Box>
    );
  return (
    <Field.Root invalid={mine.length > 0}>
      <Field.Label fontSize="sm">{title(name)}</Field.Label>
      {kind === "number" ? (
        <Input size="sm" type="number" step={typeOf(schema) === "integer" ? 1 : "any"} min={schema.minimum} max={schema.maximum} maxW="14rem" value={typeof value === "number" ? value : ""} placeholder={usual ? t("form.default", { value: usual }) : t("form.unset")}
          onChange={({ target }) => put(target.value === "" ? undefined : Number(target.value))} />
      ) : kind === "choice" ? (
        <NativeSelect.Root size="sm" maxW="20rem">
          <NativeSelect.Field value={typeof value === "string" ? value : ""} onChange={({ target }) => put(target.value || undefined)}>
            <option value="">{usual ? t("form.default", { value: word(String(schema.default)) }) : t("form.unset")}</option>
            {wordsOf(schema)?.map((one) => <option key={one.value} value={one.value} title={one.help}>{word(one.value)}</option>)}
          </NativeSelect.Field>
          <NativeSelect.Indicator />
        </NativeSelect.Root>
      ) : kind === "choices" ? (
        <HStack gap="1.5" wrap="wrap">
          {wordsOf(plain(schema.items ?? {}, root))?.map((one) => {
            const held = Array.isArray(value) ? (value as unknown[]) : [];
            const on = held.includes(one.value);
            return (
              <Button key={one.value} type="button" size="xs" variant={on ? "solid" : "outline"} aria-pressed={on} title={one.help}
                onClick={() => { const next = on ? held.filter((each) => each !== one.value) : [...held, one.value]; put(next.length > 0 ? next : undefined); }}>
                {word(one.value)}
              </Button>
            );
          })}
        </HStack>
      ) : kind === "list" ? (
        <List value={value} put={put} numbers={["number", "integer"].includes(typeOf(plain(schema.items ?? {}, root)) ?? "")} label={title(name)} />
      ) : kind === "text" ? (
        <Input size="sm" maxW="28rem" value={typeof value === "string" || typeof value === "number" ? String(value) : ""} placeholder={usual ? t("form.default", { value: usual }) : t("form.unset")} onChange={({ target }) => put(target.value === "" ? undefined : target.value)} />
      ) : (
        <RawJson value={value} put={put} />
      )}
      {helpOf(schema) ? <Field.HelperText fontSize="xs" maxW="70ch">{helpOf(schema)}</Field.HelperText> : null}
      {mine.map((one, index) => <Field.ErrorText key={index}>{one.message}</Field.ErrorText>)}
    </Field.Root>
  );
}

/** Words one after another: Enter or a comma adds, Backspace in the empty field takes the last away. */
function List({ value, put, numbers, label }: { value: unknown; put: (next: unknown) => void; numbers: boolean; label: string }) {
  const [typed, setTyped] = useState("");
  const held = Array.isArray(value) ? (value as unknown[]) : [];
  const add = (words: string) => {
    const made = words.split(/[\n,]/).map((one) => one.trim()).filter(Boolean).map((one) => (numbers ? Number(one) : one)).filter((one) => !held.includes(one));
    setTyped("");
    if (made.length > 0) put([...held, ...made]);
  };
  const without = (index: number) => {
    const next = held.filter((_, at) => at !== index);
    put(next.length > 0 ? next : undefined);
  };
  return (
    <Flex wrap="wrap" gap="1.5" borderWidth="1px" borderColor="border.emphasized" rounded="l2" px="2" py="1.5" bg="bg.panel" _focusWithin={{ borderColor: "accent.border" }} w="100%">
      {held.map((one, index) => {
        const name = typeof one === "object" ? JSON.stringify(one) : String(one);
        return (
          <HStack key={`${name}${index}`} gap="0.5" bg="bg.muted" rounded="l1" ps="2" fontSize="xs" fontFamily="mono" maxW="100%">
            <Text truncate>{name}</Text>
            <IconAction label={t("form.remove", { name })} size="2xs" onClick={() => without(index)}><X size={11} aria-hidden /></IconAction>
          </HStack>
        );
      })}
      <Input flex="1 1 8rem" minW="6rem" h="6" size="xs" variant="flushed" borderWidth="0" type={numbers ? "number" : "text"} aria-label={`${t("form.add")}: ${label}`} placeholder={held.length === 0 ? t("form.listHelp") : ""} value={typed}
        onChange={({ target }) => (/[\n,]$/.test(target.value) ? add(target.value) : setTyped(target.value))}
        onBlur={() => add(typed)}
        onKeyDown={(event) => {
          if (event.key === "Enter") {
            event.preventDefault();
            add(typed);
          } else if (event.key === "Backspace" && typed === "" && held.length > 0) without(held.length - 1);
        }} />
    </Flex>
  );
}

/** Entries by name, such as the restrictions of single tools. */
function Entries({ schema, root, value, path, set, problems }: Part) {
  const [name, setName] = useState("");
  const held = (typeof value === "object" && value !== null ? value : {}) as Record<string, unknown>;
  const inner = plain(typeof schema.additionalProperties === "object" ? schema.additionalProperties : {}, root);
  const nested = kindOf(inner, root) === "object";
  const add = () => {
    if (!name.trim()) return;
    set([...path, name.trim()], nested ? {} : (wordsOf(inner)?.[0]?.value ?? ""));
    setName("");
  };
  return (
    <Stack gap="3">
      {Object.entries(held).map(([key, one]) => (
        <Box key={key} bg="bg.subtle" rounded="l2" p="3">
          <Flex justify="space-between" align="center" mb={nested ? "3" : "1"}>
            <Text fontFamily="mono" fontSize="sm" fontWeight="medium">{key}</Text>
            <IconAction label={t("form.remove", { name: key })} size="xs" onClick={() => set([...path, key], undefined)}><X size={13} aria-hidden /></IconAction>
          </Flex>
          {nested ? <Properties schema={inner} root={root} value={one} path={[...path, key]} set={set} problems={problems} /> : <Property name={key} schema={inner} root={root} value={one} path={[...path, key]} set={set} problems={problems} />}
        </Box>
      ))}
      <HStack>
        <Input size="sm" maxW="16rem" aria-label={t("form.entryName")} placeholder={t("form.entryName")} value={name} onChange={({ target }) => setName(target.value)} onKeyDown={(event) => { if (event.key === "Enter") { event.preventDefault(); add(); } }} />
        <Button type="button" size="sm" variant="outline" onClick={add} disabled={!name.trim()}><Plus size={14} aria-hidden /> {t("form.addEntry")}</Button>
      </HStack>
    </Stack>
  );
}

/** What no field fits. */
function RawJson({ value, put }: { value: unknown; put: (next: unknown) => void }) {
  const [typed, setTyped] = useState<string>();
  const [wrong, setWrong] = useState(false);
  return (
    <Box w="100%">
      <Textarea size="sm" fontFamily="mono" rows={3} placeholder={t("form.json")} value={typed ?? (value === undefined ? "" : JSON.stringify(value, null, 2))} onChange={({ target }) => setTyped(target.value)}
        onBlur={() => {
          if (typed === undefined) return;
          try {
            put(typed.trim() === "" ? undefined : JSON.parse(typed));
            setTyped(undefined);
            setWrong(false);
          } catch {
            setWrong(true);
          }
        }} />
      {wrong ? <Text fontSize="xs" color="critical.fg" role="alert">{t("form.notJson")}</Text> : null}
    </Box>
  );
}
