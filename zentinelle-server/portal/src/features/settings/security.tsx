"use client";
import { useMutation, useQuery } from "@apollo/client/react";
import { Box, Button, Flex, HStack, Stack, Table, Text } from "@chakra-ui/react";
import { type FormEvent, useEffect, useState } from "react";
import type { Problem } from "@/lib/outcome";
import { useMe } from "@/lib/session";
import { t } from "@/messages";
import { StatusBadge } from "@/ui/badges";
import { FormDialog, FormProblems, ProblemList, TextField } from "@/ui/dialogs";
import { Card, Loaded } from "@/ui/page";
import { useRun } from "@/lib/change";
import { Identifier, RelativeTime, SecretOnce } from "@/ui/small";
import type { SessionsQuery } from "./gql/graphql";
import { SettingsPage } from "./parts";
import { BeginTotp, ChangePassword, ConfirmTotp, DisableTotp, RenewRecoveryCodes, RevokeSession, Sessions } from "./queries";

export function Security() {
  const me = useMe();
  return (
    <SettingsPage title={t("nav.security")} lead={t("security.lead")} permission="me:read">
      {me.signedInBy === "local" ? (
        <Box display="grid" gap="4" gridTemplateColumns={{ base: "minmax(0,1fr)", lg: "minmax(0,1fr) minmax(0,1fr)" }} alignItems="start"><Password /><SecondFactor /></Box>
      ) : <Card><Text fontSize="sm" color="fg.muted">{t(me.signedInBy === "open" ? "security.open" : "security.local")}</Text></Card>}
      <SessionList />
    </SettingsPage>
  );
}

function Password() {
  const run = useRun();
  const me = useMe();
  const [change] = useMutation(ChangePassword);
  const [current, setCurrent] = useState("");
  const [fresh, setFresh] = useState("");
  const [problems, setProblems] = useState<readonly Problem[]>([]);
  const send = async (event: FormEvent) => {
    event.preventDefault();
    const outcome = await run(async () => (await change({ variables: { current, new: fresh } })).data?.changePassword, { done: t("security.password.changed"), quiet: true });
    setProblems(outcome.problems);
    if (!outcome.success) return;
    setCurrent("");
    setFresh("");
  };
  return (
    <Card title={t("security.password")}>
      <FormProblems value={problems}>
        <form onSubmit={(event) => void send(event)}>
          <Stack gap="4">
            {problems.length > 0 ? <ProblemList problems={problems} /> : null}
            <input type="text" name="username" autoComplete="username" value={me.email ?? ""} readOnly hidden />
            <TextField name="current" label={t("security.password.current")} type="password" autoComplete="current-password" value={current} set={setCurrent} required />
            <TextField name="new" label={t("security.password.new")} type="password" autoComplete="new-password" minLength={12} help={t("signIn.newPassword.help").split(". ").at(-1)} value={fresh} set={setFresh} required />
            <Button type="submit" size="sm" alignSelf="flex-start">{t("security.password.change")}</Button>
          </Stack>
        </form>
      </FormProblems>
    </Card>
  );
}

type Asked = "renew" | "end";

function SecondFactor() {
  const run = useRun();
  const [begin] = useMutation(BeginTotp);
  const [confirm] = useMutation(ConfirmTotp);
  const [renew] = useMutation(RenewRecoveryCodes);
  const [disable] = useMutation(DisableTotp);
  const [uri, setUri] = useState<string>();
  const [code, setCode] = useState("");
  const [asked, setAsked] = useState<Asked>();
  const [recovery, setRecovery] = useState<readonly string[]>();
  const leave = () => {
    setUri(undefined);
    setAsked(undefined);
    setRecovery(undefined);
    setCode("");
  };
  const labels = { set: t("security.totp.confirm"), renew: t("security.recovery.renew"), end: t("security.totp.off") };
  const submit = async () => {
    if (asked === "end") {
      const outcome = await run(async () => (await disable({ variables: { code } })).data?.disableTotp, { done: t("security.totp.off.done"), quiet: true });
      if (outcome.success) leave();
      return outcome;
    }
    const variables = { code: code.trim() };
    const outcome = asked === "renew"
      ? await run(async () => (await renew({ variables })).data?.renewRecoveryCodes, { quiet: true })
      : await run(async () => (await confirm({ variables })).data?.confirmTotp, { done: t("security.totp.on"), quiet: true });
    if (outcome.success) setRecovery(outcome.payload?.recoveryCodes ?? []);
    return outcome;
  };
  return (
    <Card title={t("security.totp")}>
      <Stack gap="4">
        <Text fontSize="sm" color="fg.muted">{t("security.totp.text")}</Text>
        <HStack wrap="wrap">
          <Button size="sm" variant="outline" onClick={() => void run(async () => (await begin()).data?.beginTotp).then(({ payload }) => setUri(payload?.uri ?? undefined))}>{t("security.totp.begin")}</Button>
          <Button size="sm" variant="ghost" onClick={() => setAsked("renew")}>{t("security.recovery.renew")}</Button>
          <Button size="sm" variant="ghost" onClick={() => setAsked("end")}>{t("security.totp.off")}</Button>
        </HStack>
      </Stack>
      <FormDialog open={!!uri || !!asked} close={leave} size="sm" title={t("security.totp")} lead={uri && !recovery ? t("security.totp.scan") : undefined} submitLabel={labels[asked ?? "set"]} submit={submit}
        after={recovery ? <Stack gap="3"><Text fontSize="sm">{t("security.recovery.text")}</Text><SecretOnce value={recovery.join(" ")} /></Stack> : undefined}>
        {uri ? <Flex direction="column" align="center" gap="3"><QrCode text={uri} /><Identifier value={new URL(uri).searchParams.get("secret") ?? uri} /></Flex> : null}
        <TextField name="code" label={t("security.totp.code")} autoComplete="one-time-code" value={code} set={setCode} required />
      </FormDialog>
    </Card>
  );
}

/** Drawn here: the secret is shown to nobody else. */
function QrCode({ text }: { text: string }) {
  const [squares, setSquares] = useState<boolean[][]>([]);
  useEffect(() => {
    let left = false;
    void import("qrcode-generator").then(({ default: make }) => {
      const code = make(0, "M");
      code.addData(text);
      code.make();
      const size = code.getModuleCount();
      if (!left) setSquares(Array.from({ length: size }, (_, row) => Array.from({ length: size }, (_, column) => code.isDark(row, column))));
    });
    return () => {
      left = true;
    };
  }, [text]);
  const size = squares.length + 8;
  const path = squares.flatMap((row, y) => row.map((dark, x) => (dark ? `M${x + 4} ${y + 4}h1v1h-1z` : ""))).join("");
  return (
    <svg role="img" aria-label={t("security.totp.qr")} viewBox={`0 0 ${size} ${size}`} width="200" height="200" shapeRendering="crispEdges">
      <rect width={size} height={size} fill="#fff" />
      <path d={path} fill="#000" />
    </svg>
  );
}

function SessionList() {
  const me = useMe();
  const result = useQuery(Sessions, { fetchPolicy: "cache-and-network" });
  const open = me.signedInBy === "open";
  return (
    <Loaded result={result} waiting={<Card title={t("security.sessions")}><Box h="6" /></Card>}>
      {({ sessions }) => {
        const own = sessions.filter((one) => one.userId === me.id);
        const others = sessions.filter((one) => one.userId !== me.id);
        return (
          <>
            <Card title={t("security.sessions")} flush={own.length > 0}>
              {own.length > 0 ? <SessionTable sessions={own} /> : <Text fontSize="sm" color="fg.muted">{t(open ? "security.sessions.open" : "security.sessions.none")}</Text>}
            </Card>
            {others.length > 0 ? <Card title={t("security.sessions.others", { count: others.length })} flush><SessionTable sessions={others} named /></Card> : null}
          </>
        );
      }}
    </Loaded>
  );
}

function SessionTable({ sessions, named = false }: { sessions: SessionsQuery["sessions"]; named?: boolean }) {
  const run = useRun();
  const [revoke] = useMutation(RevokeSession);
  const headings = [...(named ? [t("security.sessions.person")] : []), t("security.sessions.from"), t("common.created"), t("security.sessions.seen"), t("security.sessions.expires"), ""];
  return (
    <Box overflowX="auto" tabIndex={0}>
      <Table.Root size="sm">
        <Table.Header><Table.Row>{headings.map((one) => <Table.ColumnHeader key={one} px="4">{one}</Table.ColumnHeader>)}</Table.Row></Table.Header>
        <Table.Body>
          {sessions.map((one) => (
            <Table.Row key={one.id}>
              {named ? <Table.Cell px="4">{one.userName || one.userId}</Table.Cell> : null}
              <Table.Cell px="4">{one.ipAddress}<Text fontSize="xs" color="fg.muted" lineClamp={1} maxW="24rem">{one.userAgent}</Text></Table.Cell>
              <Table.Cell px="4"><RelativeTime at={one.createdAt} /></Table.Cell>
              <Table.Cell px="4"><RelativeTime at={one.lastSeenAt} /></Table.Cell>
              <Table.Cell px="4"><RelativeTime at={one.expiresAt} /></Table.Cell>
              <Table.Cell px="4" textAlign="end">{one.current ? <StatusBadge value="active" label={t("security.sessions.current")} /> : <Button size="xs" variant="outline" onClick={() => void run(async () => (await revoke({ variables: { id: one.id } })).data?.revokeSession, { done: t("security.sessions.ended") })}>{t("security.sessions.end")}</Button>}</Table.Cell>
            </Table.Row>
          ))}
        </Table.Body>
      </Table.Root>
    </Box>
  );
}
