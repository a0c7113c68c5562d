// The frame of a page: title, purpose, actions; cards; and the honest states.
"use client";
import { Box, type BoxProps, Button, chakra, EmptyState, Flex, Heading, HStack, Skeleton, Stack, Text } from "@chakra-ui/react";
import { CircleSlash, CloudOff, FileQuestion, Lock, type LucideIcon, TriangleAlert } from "lucide-react";
import { type ReactNode, useEffect, useId } from "react";
import { errorCode, errorText, unreachable } from "@/lib/apollo";
import { instant } from "@/lib/format";
import { useMay } from "@/lib/session";
import { t } from "@/messages";

export function Page({ title, lead, actions, badge, children, permission }: {
  title: string;
  lead?: ReactNode;
  actions?: ReactNode;
  badge?: ReactNode;
  children: ReactNode;
  /** Without it the page says so, and asks the server nothing. */
  permission?: string;
}) {
  const may = useMay();
  useEffect(() => {
    document.title = `${title} · ${t("app.name")}`;
  }, [title]);
  return (
    <Stack gap="5" px={{ base: "4", md: "7" }} py={{ base: "5", md: "6" }} maxW="1680px" mx="auto" w="100%">
      <Flex gap="4" align="flex-start" justify="space-between" wrap="wrap">
        <Box minW="0" flex="1 1 18rem">
          <HStack gap="3" wrap="wrap">
            <Heading as="h1" size="xl" letterSpacing="-0.015em" fontWeight="semibold">{title}</Heading>
            {badge}
          </HStack>
          {lead ? <Box color="fg.muted" mt="1" fontSize="sm" maxW="75ch">{lead}</Box> : null}
        </Box>
        {actions ? <HStack gap="2" wrap="wrap">{actions}</HStack> : null}
      </Flex>
      {permission && !may(permission) ? <DeniedState permission={permission} /> : children}
    </Stack>
  );
}

/** A bordered surface with an optional heading. */
export function Card({ title, actions, children, flush = false, fill = false, ...rest }: { title?: ReactNode; actions?: ReactNode; children: ReactNode; flush?: boolean; /** Its content takes the whole height, in a row of cards. */ fill?: boolean } & Omit<BoxProps, "title">) {
  const id = useId();
  return (
    <Box as="section" aria-labelledby={title ? id : undefined} bg="bg.panel" borderWidth="1px" borderColor="border" rounded="l3" minW="0" {...rest}>
      {title ? (
        <Flex px="4" pt="3.5" pb={flush ? "3" : "0"} align="center" justify="space-between" gap="3" wrap="wrap">
          <Heading as="h2" id={id} size="sm" fontWeight="semibold">{title}</Heading>
          {actions}
        </Flex>
      ) : null}
      <Box p={flush ? "0" : "4"} h={fill ? "100%" : undefined}>{children}</Box>
    </Box>
  );
}

export function Grid({ children, min = "15rem", ...rest }: { children: ReactNode; min?: string } & BoxProps) {
  return (
    <Box display="grid" gap="4" gridTemplateColumns={`repeat(auto-fit, minmax(min(100%, ${min}), 1fr))`} {...rest}>
      {children}
    </Box>
  );
}

function State({ icon: Icon, title, text, children, tone = "fg.subtle" }: { icon: LucideIcon; title: string; text?: ReactNode; children?: ReactNode; tone?: string }) {
  return (
    <EmptyState.Root size="sm" role="status">
      <EmptyState.Content>
        <EmptyState.Indicator color={tone}><Icon size={28} strokeWidth={1.5} aria-hidden /></EmptyState.Indicator>
        <Stack textAlign="center" gap="1" maxW="52ch">
          <EmptyState.Title fontSize="md">{title}</EmptyState.Title>
          {text ? <EmptyState.Description>{text}</EmptyState.Description> : null}
        </Stack>
        {children}
      </EmptyState.Content>
    </EmptyState.Root>
  );
}

export function NothingState({ title, text, children, icon = CircleSlash }: { title: string; text?: ReactNode; children?: ReactNode; icon?: LucideIcon }) {
  return <State icon={icon} title={title} text={text}>{children}</State>;
}

export function DeniedState({ permission }: { permission: string }) {
  return <State icon={Lock} title={t("state.denied")} text={t("state.denied.text", { permission })} />;
}

export function MissingState({ children }: { children?: ReactNode }) {
  return <State icon={FileQuestion} title={t("state.missing")} text={t("state.missing.text")}>{children}</State>;
}

/** A load that failed: never to be taken for an empty list. */
export function ErrorState({ error, retry, permission }: { error: unknown; retry?: () => void; permission?: string }) {
  if (errorCode(error) === "FORBIDDEN") return <DeniedState permission={permission ?? "–"} />;
  const gone = unreachable(error);
  return (
    <State icon={gone ? CloudOff : TriangleAlert} tone="critical.fg" title={t("state.failed")} text={gone ? t("state.unreachable") : t("state.failed.text", { message: errorText(error) })}>
      {retry ? <Button size="sm" variant="outline" onClick={retry}>{t("common.retry")}</Button> : null}
    </State>
  );
}

/** Present data that could not be refreshed. */
export function StaleBanner({ since, retry }: { since?: number; retry: () => void }) {
  return (
    <Flex role="status" bg="medium.bg" color="medium.fg" px="4" py="2" gap="3" align="center" fontSize="sm" rounded="l2" wrap="wrap">
      <CloudOff size={16} aria-hidden />
      <Text flex="1">{t("state.stale", { when: since ? instant(new Date(since).toISOString()) : "–" })}</Text>
      <Button size="xs" variant="outline" onClick={retry}>{t("common.retry")}</Button>
    </Flex>
  );
}

export function LoadingCards({ count = 4 }: { count?: number }) {
  return (
    <Grid aria-busy="true">
      {Array.from({ length: count }, (_, index) => <Skeleton key={index} h="28" rounded="l3" />)}
      <chakra.span srOnly>{t("common.loading")}</chakra.span>
    </Grid>
  );
}

/** What a query gave: its data, or the state that stands in for it. */
export function Loaded<T>({ result, children, permission, waiting }: {
  result: { data?: T; previousData?: T; error?: unknown; loading: boolean; refetch: () => unknown };
  children: (data: T) => ReactNode;
  permission?: string;
  waiting?: ReactNode;
}) {
  const data = result.data ?? (result.error || result.loading ? result.previousData : undefined);
  const retry = () => void result.refetch();
  if (data !== undefined)
    return (
      <>
        {result.error ? <StaleBanner retry={retry} /> : null}
        {children(data)}
      </>
    );
  if (result.error) return <ErrorState error={result.error} retry={retry} permission={permission} />;
  return <>{waiting ?? <LoadingCards />}</>;
}
