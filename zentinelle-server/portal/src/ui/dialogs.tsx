// Dialogs: a form with its problems in place, a question before what cannot be undone, a side panel.
"use client";
import { Box, Button, Checkbox, CloseButton, Dialog, Drawer, Field, Fieldset, Input, NativeSelect, Portal, SimpleGrid, Stack, Switch, Text, Textarea } from "@chakra-ui/react";
import { createContext, type ReactNode, useContext, useId, useState } from "react";
import type { Outcome, Problem } from "@/lib/outcome";
import { t } from "@/messages";

const Problems = createContext<readonly Problem[]>([]);

/** A dialog around a form. `submit` answers what the server said; problems with a path stand at their field. */
export function FormDialog({ open, close, title, lead, submit, submitLabel, size = "md", children, after }: {
  open: boolean;
  close: () => void;
  title: string;
  lead?: ReactNode;
  submit: () => Promise<Outcome>;
  submitLabel?: string;
  size?: "sm" | "md" | "lg" | "xl";
  children: ReactNode;
  /** Shown in place of the form once it has succeeded, such as a key that is shown once. */
  after?: ReactNode;
}) {
  const [problems, setProblems] = useState<readonly Problem[]>([]);
  const [busy, setBusy] = useState(false);
  const leave = () => {
    setProblems([]);
    close();
  };
  const send = async () => {
    setBusy(true);
    const { success, problems: found } = await submit();
    setBusy(false);
    setProblems(success ? [] : found);
  };
  const general = problems.filter((one) => one.path.length === 0);
  return (
    <Dialog.Root open={open} onOpenChange={({ open: stays }) => !stays && leave()} size={size} scrollBehavior="inside" closeOnInteractOutside={false} lazyMount unmountOnExit>
      <Portal>
        <Dialog.Backdrop />
        <Dialog.Positioner>
          <Dialog.Content asChild>
            <form noValidate={false} onSubmit={(event) => { event.preventDefault(); event.stopPropagation(); void send(); }}>
              <Dialog.Header flexDirection="column" gap="1">
                <Dialog.Title fontSize="lg">{title}</Dialog.Title>
                {lead ? <Dialog.Description>{lead}</Dialog.Description> : null}
              </Dialog.Header>
              <Dialog.Body>
                <Problems.Provider value={problems}>
                  <Stack gap="4">
                    {general.length > 0 ? <ProblemList problems={general} /> : null}
                    {after ?? children}
                  </Stack>
                </Problems.Provider>
              </Dialog.Body>
              <Dialog.Footer>
                <Button type="button" size="sm" variant="outline" onClick={leave}>{after ? t("common.close") : t("common.cancel")}</Button>
                {after ? null : <Button type="submit" size="sm" loading={busy}>{submitLabel ?? t("common.save")}</Button>}
              </Dialog.Footer>
              <Dialog.CloseTrigger asChild><CloseButton size="sm" aria-label={t("common.close")} type="button" /></Dialog.CloseTrigger>
            </form>
          </Dialog.Content>
        </Dialog.Positioner>
      </Portal>
    </Dialog.Root>
  );
}

export function ProblemList({ problems }: { problems: readonly Problem[] }) {
  return (
    <Box role="alert" bg="critical.bg" color="critical.fg" rounded="l2" px="3" py="2" fontSize="sm">
      {problems.map((one, index) => <Text key={index}>{one.path.length > 0 ? `${one.path.join(".")}: ` : ""}{one.message}</Text>)}
    </Box>
  );
}

/** Makes problems of a form that stands on a page, not in a dialog, known to its fields. */
export const FormProblems = Problems.Provider;

function nameOf(path: string): string {
  return path.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

/** A labelled field; shows the problems whose path ends in its name. */
export function FormField({ name, label, help, required, children }: { name: string; label: string; help?: ReactNode; required?: boolean; children: ReactNode }) {
  const mine = useContext(Problems).filter((one) => one.path.length > 0 && nameOf(one.path.at(-1) ?? "") === nameOf(name));
  return (
    <Field.Root invalid={mine.length > 0} required={required}>
      <Field.Label fontSize="sm">{label} {required ? <Field.RequiredIndicator /> : null}</Field.Label>
      {children}
      {help ? <Field.HelperText>{help}</Field.HelperText> : null}
      {mine.map((one, index) => <Field.ErrorText key={index}>{one.message}</Field.ErrorText>)}
    </Field.Root>
  );
}

/** Several of a few choices: a group of boxes, each with its own name. */
export function ChecksField({ name, label, help, choices, held, set, mono }: { name: string; label: string; help?: ReactNode; choices: readonly { value: string; label: string }[]; held: readonly string[]; set: (held: string[]) => void; mono?: boolean }) {
  const mine = useContext(Problems).filter((one) => one.path.length > 0 && nameOf(one.path.at(-1) ?? "") === nameOf(name));
  return (
    <Fieldset.Root invalid={mine.length > 0}>
      <Fieldset.Legend fontSize="sm" fontWeight="medium">{label}</Fieldset.Legend>
      <SimpleGrid columns={{ base: 1, sm: 2 }} gap="2" mt="1.5">
        {choices.map(({ value, label: words }) => (
          <Checkbox.Root key={value} size="sm" checked={held.includes(value)} onCheckedChange={({ checked }) => set(checked ? [...held, value] : held.filter((one) => one !== value))}>
            <Checkbox.HiddenInput /><Checkbox.Control /><Checkbox.Label fontFamily={mono ? "mono" : undefined} fontWeight="normal">{words}</Checkbox.Label>
          </Checkbox.Root>
        ))}
      </SimpleGrid>
      {help ? <Fieldset.HelperText mt="1.5">{help}</Fieldset.HelperText> : null}
      {mine.map((one, index) => <Fieldset.ErrorText key={index}>{one.message}</Fieldset.ErrorText>)}
    </Fieldset.Root>
  );
}

interface FieldProps<T> {
  name: string;
  label: string;
  value: T;
  set: (value: T) => void;
  help?: ReactNode;
  required?: boolean;
}

export function TextField({ type = "text", placeholder, maxLength, minLength, autoComplete, pattern, mono, readOnly, ...field }: FieldProps<string> & { type?: string; placeholder?: string; maxLength?: number; minLength?: number; autoComplete?: string; pattern?: string; mono?: boolean; readOnly?: boolean }) {
  return (
    <FormField {...field}>
      <Input size="sm" type={type} value={field.value} placeholder={placeholder} maxLength={maxLength} minLength={minLength} pattern={pattern} autoComplete={autoComplete ?? "off"} fontFamily={mono ? "mono" : undefined} readOnly={readOnly} onChange={(event) => field.set(event.target.value)} />
    </FormField>
  );
}

export function LongField({ rows = 3, placeholder, maxLength, mono, ...field }: FieldProps<string> & { rows?: number; placeholder?: string; maxLength?: number; mono?: boolean }) {
  return (
    <FormField {...field}>
      <Textarea size="sm" rows={rows} value={field.value} placeholder={placeholder} maxLength={maxLength} fontFamily={mono ? "mono" : undefined} onChange={(event) => field.set(event.target.value)} />
    </FormField>
  );
}

export function ChoiceField({ choices, empty, ...field }: FieldProps<string> & { choices: readonly { value: string; label: string }[]; empty?: string }) {
  return (
    <FormField {...field}>
      <NativeSelect.Root size="sm">
        <NativeSelect.Field value={field.value} onChange={(event) => field.set(event.target.value)}>
          {empty === undefined ? null : <option value="">{empty}</option>}
          {choices.map(({ value, label }) => <option key={value} value={value}>{label}</option>)}
        </NativeSelect.Field>
        <NativeSelect.Indicator />
      </NativeSelect.Root>
    </FormField>
  );
}

export function SwitchField({ label, value, set, help, disabled }: { label: string; value: boolean; set: (value: boolean) => void; help?: ReactNode; disabled?: boolean }) {
  const id = useId();
  return (
    <Box>
      <Switch.Root size="sm" ids={{ root: id }} checked={value} disabled={disabled} onCheckedChange={({ checked }) => set(checked)}>
        <Switch.HiddenInput />
        <Switch.Control />
        <Switch.Label>{label}</Switch.Label>
      </Switch.Root>
      {help ? <Text fontSize="xs" color="fg.muted" mt="1">{help}</Text> : null}
    </Box>
  );
}

/** Asks before something that cannot be undone. With `typed`, the name must be written out. */
export function ConfirmDialog({ open, close, title, text, action, danger = true, typed, run }: {
  open: boolean;
  close: () => void;
  title: string;
  text?: ReactNode;
  action: string;
  danger?: boolean;
  typed?: string;
  run: () => Promise<Outcome>;
}) {
  const [busy, setBusy] = useState(false);
  const [words, setWords] = useState("");
  const [problems, setProblems] = useState<readonly Problem[]>([]);
  const leave = () => {
    setWords("");
    setProblems([]);
    close();
  };
  const go = async () => {
    setBusy(true);
    const { success, problems: found } = await run();
    setBusy(false);
    if (success) leave();
    else setProblems(found);
  };
  return (
    <Dialog.Root open={open} onOpenChange={({ open: stays }) => !stays && leave()} role="alertdialog" size="sm" lazyMount unmountOnExit>
      <Portal>
        <Dialog.Backdrop />
        <Dialog.Positioner>
          <Dialog.Content>
            <Dialog.Header><Dialog.Title fontSize="lg">{title}</Dialog.Title></Dialog.Header>
            <Dialog.Body>
              <Stack gap="3">
                {problems.length > 0 ? <ProblemList problems={problems} /> : null}
                {text ? <Dialog.Description asChild><Box fontSize="sm" color="fg.muted">{text}</Box></Dialog.Description> : null}
                {typed ? <Input size="sm" aria-label={t("confirm.type", { text: typed })} placeholder={t("confirm.type", { text: typed })} value={words} onChange={(event) => setWords(event.target.value)} /> : null}
              </Stack>
            </Dialog.Body>
            <Dialog.Footer>
              <Button size="sm" variant="outline" onClick={leave}>{t("common.cancel")}</Button>
              <Button size="sm" loading={busy} disabled={!!typed && words !== typed} onClick={() => void go()} {...(danger ? { bg: "critical.solid", color: { _light: "white", _dark: "#22060d" }, _hover: { opacity: 0.9 } } : {})}>{action}</Button>
            </Dialog.Footer>
          </Dialog.Content>
        </Dialog.Positioner>
      </Portal>
    </Dialog.Root>
  );
}

/** A record beside the list it came from. */
export function SidePanel({ open, close, title, children, footer, size = "md" }: { open: boolean; close: () => void; title: ReactNode; children: ReactNode; footer?: ReactNode; size?: "sm" | "md" | "lg" }) {
  return (
    <Drawer.Root open={open} onOpenChange={({ open: stays }) => !stays && close()} size={size} lazyMount unmountOnExit>
      <Portal>
        <Drawer.Backdrop />
        <Drawer.Positioner>
          <Drawer.Content>
            <Drawer.Header><Drawer.Title fontSize="lg">{title}</Drawer.Title></Drawer.Header>
            <Drawer.Body>{children}</Drawer.Body>
            {footer ? <Drawer.Footer>{footer}</Drawer.Footer> : null}
            <Drawer.CloseTrigger asChild><CloseButton size="sm" aria-label={t("common.close")} /></Drawer.CloseTrigger>
          </Drawer.Content>
        </Drawer.Positioner>
      </Portal>
    </Drawer.Root>
  );
}
