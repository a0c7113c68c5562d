// The way in: e-mail, password, and a code where the account has one; or the organisation's own sign-in.
"use client";
import { Box, Button, Center, Heading, Separator, Stack, Text } from "@chakra-ui/react";
import { useSearchParams } from "next/navigation";
import { useEffect, useState } from "react";
import { BASE } from "@/lib/url";
import { t } from "@/messages";
import { TextField } from "@/ui/dialogs";
import { GoButton } from "@/ui/small";
import { Mark } from "./sidebar";

const AUTH = "/api/zentinelle/v1/auth";

interface Options {
  mode: "local" | "oidc" | "open" | "keys";
  password: boolean;
  oidc?: { label: string; start: string } | null;
  warning?: string | null;
}

interface Refusal {
  error?: string;
  message?: string;
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
  const [code, setCode] = useState("");
  const [fresh, setFresh] = useState("");
  const [wants, setWants] = useState<"code" | "password">();
  const [problem, setProblem] = useState<string>();
  const [busy, setBusy] = useState(false);
  const [options, setOptions] = useState<Options>({ mode: "local", password: true });
  useEffect(() => {
    document.title = `${t("signIn.title")} · ${t("app.name")}`;
    void fetch(`${AUTH}/options`).then(async (answer) => answer.ok && setOptions((await answer.json()) as Options), () => {});
  }, []);
  const send = async () => {
    setBusy(true);
    setProblem(undefined);
    try {
      const answer = await fetch(`${AUTH}/login`, {
        method: "POST", credentials: "same-origin", headers: { "content-type": "application/json" },
        body: JSON.stringify({ email, password, ...(code ? { code: code.replaceAll(" ", "") } : {}), ...(fresh ? { new_password: fresh } : {}) }),
      });
      if (answer.ok) return location.assign(BASE + back);
      const refusal = (await answer.json().catch(() => ({}))) as Refusal;
      if (refusal.error === "totp_required") setWants("code");
      else if (refusal.error === "password_change_required") setWants("password");
      else setProblem(answer.status === 429 ? t("signIn.locked") : (refusal.message ?? t("signIn.failed")));
    } catch {
      setProblem(t("signIn.unreachable"));
    } finally {
      setBusy(false);
    }
  };
  return (
    <Center minH="100dvh" px="4" bg="bg.canvas">
      <Box as="main" w="100%" maxW="23rem">
        <Stack align="center" gap="3" mb="6">
          <Mark size={44} />
          <Heading as="h1" size="xl" fontWeight="semibold">{t("signIn.title")}</Heading>
          {options.warning ? <Text role="note" bg="high.bg" color="high.fg" rounded="l2" px="3" py="2" fontSize="sm">{options.warning}</Text> : null}
          <Text color="fg.muted" fontSize="sm" textAlign="center">{params.get("expired") ? t("signIn.expired") : t("signIn.lead")}</Text>
        </Stack>
        <Box bg="bg.panel" borderWidth="1px" borderColor="border" rounded="l3" p="6">
          {options.password ? <form onSubmit={(event) => { event.preventDefault(); void send(); }}>
            <Stack gap="4">
              {problem ? <Box role="alert" bg="critical.bg" color="critical.fg" rounded="l2" px="3" py="2" fontSize="sm">{problem}</Box> : null}
              <TextField name="email" label={t("signIn.email")} type="email" autoComplete="username" value={email} set={setEmail} required />
              <TextField name="password" label={t("signIn.password")} type="password" autoComplete="current-password" value={password} set={setPassword} required />
              {wants === "code" || code ? <TextField name="code" label={t("signIn.totp")} help={t("signIn.totp.help")} autoComplete="one-time-code" value={code} set={setCode} required /> : null}
              {wants === "password" ? <TextField name="new_password" label={t("signIn.newPassword")} help={t("signIn.newPassword.help")} type="password" autoComplete="new-password" minLength={12} value={fresh} set={setFresh} required /> : null}
              <Button type="submit" loading={busy}>{t("signIn.submit")}</Button>
            </Stack>
          </form> : null}
          {options.mode === "open" ? <GoButton href={back} variant="outline" mt="4" w="100%">{t("signIn.open")}</GoButton> : null}
          {options.oidc ? (
            <Stack gap="4" mt={options.password ? "4" : "0"}>
              {options.password ? <Separator /> : null}
              <Button variant="outline" asChild><a href={`${options.oidc.start}?next=${encodeURIComponent(BASE + back)}`}>{t("signIn.oidc", { name: options.oidc.label })}</a></Button>
            </Stack>
          ) : null}
        </Box>
      </Box>
    </Center>
  );
}
