// Small parts every page uses.
"use client";
import { Box, type BoxProps, Button, type ButtonProps, chakra, Code, DataList, Flex, HStack, IconButton, type IconButtonProps, Link as Plain, type LinkProps, Text } from "@chakra-ui/react";
import NextLink from "next/link";
import { Check, Copy } from "lucide-react";
import { type ReactNode, useState } from "react";
import { useNow } from "@/lib/clock";
import { countdown, instant, relative } from "@/lib/format";
import { t } from "@/messages";

/** "3 minutes ago", the exact instant on hover. */
export function RelativeTime({ at, empty }: { at: string | null | undefined; empty?: string }) {
  const now = useNow();
  if (!at) return <>{empty ?? "–"}</>;
  return (
    <chakra.time dateTime={at} title={instant(at)} whiteSpace="nowrap">
      {relative(at, now)}
    </chakra.time>
  );
}

/** Time left, ticking. */
export function Countdown({ until, over }: { until: string; over: string }) {
  const left = (new Date(until).getTime() - useNow(1000)) / 1000;
  return (
    <chakra.span fontVariantNumeric="tabular-nums" color={left < 60 ? "critical.fg" : left < 300 ? "high.fg" : undefined} title={instant(until)}>
      {left > 0 ? countdown(left) : over}
    </chakra.span>
  );
}

/** What the engine says; the names it quotes stand as code. */
export function Told({ text }: { text: string | null | undefined }) {
  if (!text) return <>–</>;
  return <>{text.split("`").map((part, index) => (index % 2 === 1 ? <Code key={index} size="sm" bg="bg.muted" color="inherit" px="1" overflowWrap="anywhere" display="inline">{part}</Code> : part))}</>;
}

/** Text a rule found; where only its hash is kept, the beginning of that and why. */
export function FoundText({ text }: { text: string | null | undefined }) {
  if (!text || !/^[0-9a-f]{64}$/.test(text)) return <Text as="code" fontSize="xs" lineClamp={1} maxW="18rem">{text || "–"}</Text>;
  return <chakra.span title={`${t("found.hash.help")} ${text}`} fontSize="sm" color="fg.muted" whiteSpace="nowrap">{t("found.hash")} <Text as="code" fontSize="xs">{text.slice(0, 8)}…</Text></chakra.span>;
}

/** A link inside the portal. */
export function GoTo({ href, children, ...rest }: { href: string; children: ReactNode } & Omit<LinkProps, "href">) {
  return (
    <Plain asChild color="accent.fg" fontWeight="medium" {...rest}>
      <NextLink href={href}>{children}</NextLink>
    </Plain>
  );
}

/** A button that is a link. */
export function GoButton({ href, children, ...rest }: { href: string } & ButtonProps) {
  return (
    <Button asChild size="sm" {...rest}>
      <NextLink href={href}>{children}</NextLink>
    </Button>
  );
}

/** A button of one icon: it must have a name. */
export function IconAction({ label, children, ...rest }: { label: string } & Omit<IconButtonProps, "aria-label">) {
  return (
    <IconButton aria-label={label} title={label} variant="ghost" size="sm" color="fg.muted" {...rest}>
      {children}
    </IconButton>
  );
}

export function CopyButton({ text, label, ...rest }: { text: string; label?: string } & ButtonProps) {
  const [copied, setCopied] = useState(false);
  const copy = async () => {
    await navigator.clipboard.writeText(text);
    setCopied(true);
    setTimeout(() => setCopied(false), 2000);
  };
  const icon = copied ? <Check size={14} aria-hidden /> : <Copy size={14} aria-hidden />;
  if (!label)
    return (
      <IconAction label={copied ? t("common.copied") : t("common.copy")} size="2xs" onClick={copy}>
        {icon}
      </IconAction>
    );
  return (
    <Button size="xs" variant="outline" onClick={copy} {...rest}>
      {icon} {copied ? t("common.copied") : label}
    </Button>
  );
}

/** An id or code, with a way to copy it. */
export function Identifier({ value, short = false }: { value: string; short?: boolean }) {
  return (
    <HStack gap="1" display="inline-flex" maxW="100%">
      <Code size="sm" bg="bg.muted" color="fg" truncate minW="0" display="block" title={value}>
        {short && value.length > 13 ? `${value.slice(0, 8)}…` : value}
      </Code>
      <CopyButton text={value} />
    </HStack>
  );
}

/** A key that is shown once. */
export function SecretOnce({ value }: { value: string }) {
  return (
    <Box borderWidth="1px" borderColor="high.solid" bg="high.bg" rounded="l2" p="4">
      <Text fontSize="sm" color="high.fg" mb="2" fontWeight="medium">
        {t("secret.once")}
      </Text>
      <Flex gap="2" align="center" wrap="wrap">
        <Code flex="1" minW="0" wordBreak="break-all" p="2" bg="bg" color="fg" data-testid="secret">
          {value}
        </Code>
        <CopyButton text={value} label={t("common.copy")} />
      </Flex>
    </Box>
  );
}

/** Facts as name and value. */
export function Facts({ items, columns = 1 }: { items: readonly (readonly [string, ReactNode] | false | null | undefined)[]; columns?: number }) {
  return (
    <DataList.Root orientation="horizontal" size="md" gap="2.5" display="grid" gridTemplateColumns={{ base: "minmax(0, 1fr)", md: `repeat(${columns}, minmax(0, 1fr))` }} columnGap="8">
      {items.filter((item) => !!item).map(([label, value]) => (
        <DataList.Item key={label} alignItems="baseline" minW="0">
          <DataList.ItemLabel minW="32" color="fg.muted">{label}</DataList.ItemLabel>
          <DataList.ItemValue minW="0" display="block" overflowWrap="anywhere">{value}</DataList.ItemValue>
        </DataList.Item>
      ))}
    </DataList.Root>
  );
}

/** JSON as it is, to read. */
export function JsonText({ value, ...rest }: { value: unknown } & BoxProps) {
  return (
    <Box as="pre" tabIndex={0} fontFamily="mono" fontSize="xs" lineHeight="1.6" bg="bg.subtle" borderWidth="1px" borderColor="border" rounded="l2" p="3" overflow="auto" maxH="96" {...rest}>
      {typeof value === "string" ? value : JSON.stringify(value, null, 2)}
    </Box>
  );
}
