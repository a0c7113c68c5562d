// The way in: e-mail, password, and a code where the account has one; or the organisation's own sign-in.
"use client";
import { Box, Button, Center, Heading, Separator, Stack, Text } from "@chakra-ui/react";
import { useSearchParams } from "next/navigation";
import { useEffect, useState } from "react";
import { BASE } from "@/lib/url";
import { t } from "@/messages";
import { TextField } from "@/ui/dialogs";
import { Mark } from "./sidebar";

const AUTH = "/api/zentinelle/v1/auth";

interface Methods {
  local?: boolean;
  open?: boolean;
  oidc?: boolean | { name?: string };
}

/** Where to go afterwards: a page of ours and nothing else. */
export function safeBack(wanted: string | null): string {
  return wanted && /^\/(?![/\\])/.test(wanted) ? wanted : "/";
}

export function SignIn() {
  const params = useSearchParams();
  const back = safeBack(params.get("back"));
  const [email, setEmail] = useState("");
  const [password, setPassword] = useState("");
  const [totp, setTotp] = useState("");
  const [wantsCode, setWantsCode] = useState(false);
  const [problem, setProblem] = useState<string>();
  const [busy, setBusy] = useState(false);
  const [methods, setMethods] = useState<Methods>({ local: true });
  useEffect(() => {
    document.title = `${t("signIn.title")} · ${t("app.name")}`;
    void fetch(`${AUTH}/methods`).then(async (answer) => answer.ok && setMethods((await answer.json()) as Methods), () => {});
  }, []);
  const send = async () => {
    setBusy(true);
    setProblem(undefined);
    try {
      const answer = await fetch(`${AUTH}/login`, {
        method: "POST", credentials: "same-origin", headers: { "content-type": "application/json" },
        body: JSON.stringify({ email, password, ...(totp ? { totp: totp.replaceAll(" ", "") } : {}) }),
      });
      if (answer.ok) return location.assign(BASE + back);
      const body = (await answer.json().catch(() => ({}))) as { error?: { code?: string; message?: string } | string; code?: string; message?: string };
      const fault = typeof body.error === "object" ? body.error : body;
      if (`${fault.code}`.includes("totp")) setWantsCode(true);
      setProblem(answer.status === 429 ? t("signIn.locked") : (fault.message ?? t("signIn.failed")));
    } catch {
      setProblem(t("signIn.unreachable"));
    } finally {
      setBusy(false);
    }
  };
  const name = typeof methods.oidc === "object" ? (methods.oidc.name ?? t("signIn.sso")) : t("signIn.sso");
  return (
    <Center minH="100dvh" px="4" bg="bg.canvas">
      <Box as="main" w="100%" maxW="23rem">
        <Stack align="center" gap="3" mb="6">
          <Mark size={44} />
          <Heading as="h1" size="xl" fontWeight="semibold">{t("signIn.title")}</Heading>
          <Text color="fg.muted" fontSize="sm" textAlign="center">{params.get("expired") ? t("signIn.expired") : t("signIn.lead")}</Text>
        </Stack>
        <Box bg="bg.panel" borderWidth="1px" borderColor="border" rounded="l3" p="6">
          <form onSubmit={(event) => { event.preventDefault(); void send(); }}>
            <Stack gap="4">
              {problem ? <Box role="alert" bg="critical.bg" color="critical.fg" rounded="l2" px="3" py="2" fontSize="sm">{problem}</Box> : null}
              <TextField name="email" label={t("signIn.email")} type="email" autoComplete="username" value={email} set={setEmail} required />
              <TextField name="password" label={t("signIn.password")} type="password" autoComplete="current-password" value={password} set={setPassword} required />
              {wantsCode ? <TextField name="totp" label={t("signIn.totp")} help={t("signIn.totp.help")} autoComplete="one-time-code" value={totp} set={setTotp} required /> : null}
              <Button type="submit" loading={busy}>{t("signIn.submit")}</Button>
            </Stack>
          </form>
          {methods.oidc ? (
            <Stack gap="4" mt="4">
              <Separator />
              <Button variant="outline" asChild><a href={`${AUTH}/oidc/start?back=${encodeURIComponent(back)}`}>{t("signIn.oidc", { name })}</a></Button>
            </Stack>
          ) : null}
        </Box>
      </Box>
    </Center>
  );
}
