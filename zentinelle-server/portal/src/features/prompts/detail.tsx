// One prompt: its text, its versions and what differs between them, what people think of it.
"use client";
import { Box, Button, chakra, HStack, SimpleGrid, Stack, Text, Wrap } from "@chakra-ui/react";
import { useQuery } from "@apollo/client/react";
import { GitFork, Pencil, Star } from "lucide-react";
import dynamic from "next/dynamic";
import { useRouter } from "next/navigation";
import { useState } from "react";
import { sayProblems, useChange } from "@/lib/change";
import { number, person } from "@/lib/format";
import { May } from "@/lib/session";
import { useUrlState } from "@/lib/url";
import { t, word } from "@/messages";
import { StatusBadge, Tag } from "@/ui/badges";
import { FormDialog, LongField } from "@/ui/dialogs";
import { Card, Loaded, MissingState, Page } from "@/ui/page";
import { CopyButton, Facts, GoButton, GoTo, Identifier, RelativeTime } from "@/ui/small";
import { UrlTabs } from "@/ui/tabs";
import type { PromptQuery } from "./gql/graphql";
import { Favorite, Rating } from "./marks";
import { ForkPrompt, Prompt, RatePrompt } from "./queries";
import { aboutTokens, variablesOf } from "./text";

const VersionList = dynamic(() => import("./versions").then((made) => made.VersionList), { ssr: false });

export type PromptRow = NonNullable<PromptQuery["systemPrompt"]>;

export function PromptDetail() {
  const id = useUrlState().get("id") ?? "";
  const result = useQuery(Prompt, { variables: { id }, skip: !id });
  const prompt = result.data?.systemPrompt;
  return (
    <Page title={prompt?.name ?? t("nav.prompts")} lead={prompt?.description} permission="prompts:read" actions={prompt ? <Actions prompt={prompt} id={id} /> : null}
      badge={prompt ? <><Favorite id={id} name={prompt.name ?? ""} on={prompt.isFavorited === true} /><StatusBadge value={prompt.status} />{prompt.isVerified ? <StatusBadge value="verified" /> : null}</> : null}>
      {!id ? <MissingState /> : (
        <Loaded result={result} permission="prompts:read">
          {({ systemPrompt: found }) => found ? (
            <UrlTabs label={found.name ?? t("nav.prompts")} tabs={[
              { key: "text", label: t("prompt.text"), content: <Body prompt={found} id={id} /> },
              { key: "versions", label: t("prompt.versions"), content: <VersionList id={id} current={found.version ?? 0} /> },
            ]} />
          ) : <MissingState><GoTo href="/prompts/">{t("nav.prompts")}</GoTo></MissingState>}
        </Loaded>
      )}
    </Page>
  );
}

function Actions({ prompt, id }: { prompt: PromptRow; id: string }) {
  const router = useRouter();
  const fork = useChange(ForkPrompt);
  const [rating, rate] = useState(false);
  const run = async () => {
    const outcome = await fork({ id }, t("prompt.forked"));
    sayProblems(outcome);
    if (outcome.payload?.prompt?.id) router.push(`/prompts/edit/?id=${outcome.payload.prompt.id}`);
  };
  return (
    <>
      <May permission="me:write">
        <Button size="sm" variant="outline" onClick={() => rate(true)}><Star size={15} aria-hidden /> {t("prompt.rate")}</Button>
        {rating ? <RateForm id={id} mine={prompt.userRating ?? 0} close={() => rate(false)} /> : null}
      </May>
      <May permission="prompts:write">
        <Button size="sm" variant="outline" onClick={() => void run()}><GitFork size={15} aria-hidden /> {t("prompt.fork")}</Button>
        <GoButton href={`/prompts/edit/?id=${encodeURIComponent(id)}`}><Pencil size={15} aria-hidden /> {t("common.edit")}</GoButton>
      </May>
    </>
  );
}

function RateForm({ id, mine, close }: { id: string; mine: number; close: () => void }) {
  const rate = useChange(RatePrompt);
  const [stars, setStars] = useState(Math.round(mine));
  const [review, setReview] = useState("");
  const submit = async () => {
    const outcome = await rate({ promptId: id, rating: stars, review }, t("prompt.rated"));
    if (outcome.success) close();
    return outcome;
  };
  return (
    <FormDialog open close={close} size="sm" title={t("prompt.rate")} submit={submit}>
      <HStack gap="1" role="radiogroup" aria-label={t("prompt.rating")}>
        {[1, 2, 3, 4, 5].map((one) => (
          <chakra.label key={one} cursor="pointer" color={one <= stars ? "medium.fg" : "fg.subtle"} rounded="l1" _focusWithin={{ outline: "2px solid", outlineColor: "accent.focusRing" }}>
            <chakra.input type="radio" name="stars" value={one} checked={stars === one} required onChange={() => setStars(one)} position="absolute" opacity="0" aria-label={t("prompt.stars", { count: one })} />
            <Star size={24} fill={one <= stars ? "currentColor" : "none"} aria-hidden />
          </chakra.label>
        ))}
      </HStack>
      <LongField name="review" label={t("prompt.review")} value={review} set={setReview} />
    </FormDialog>
  );
}

function Body({ prompt, id }: { prompt: PromptRow; id: string }) {
  const text = prompt.promptText ?? "";
  const variables = prompt.templateVariables?.length ? prompt.templateVariables : variablesOf(text);
  return (
    <SimpleGrid columns={{ base: 1, xl: 3 }} gap="4" alignItems="start">
      <Stack gap="4" gridColumn={{ xl: "span 2" }} minW="0">
        <Card title={t("prompt.text")} actions={<HStack gap="3"><Text fontSize="xs" color="fg.muted">{t("prompt.about", { count: aboutTokens(text) })}</Text><CopyButton text={text} label={t("common.copy")} /></HStack>}>
          <Box as="pre" tabIndex={0} fontFamily="mono" fontSize="sm" lineHeight="1.65" whiteSpace="pre-wrap" wordBreak="break-word" maxH="40rem" overflow="auto">{text || "–"}</Box>
        </Card>
        {prompt.exampleInput || prompt.exampleOutput ? (
          <Card title={t("prompt.example")}>
            <Stack gap="3" fontSize="sm">
              <Box><Text fontSize="xs" fontWeight="semibold" color="fg.muted">{t("prompt.exampleInput")}</Text><Text whiteSpace="pre-wrap">{prompt.exampleInput || "–"}</Text></Box>
              <Box><Text fontSize="xs" fontWeight="semibold" color="fg.muted">{t("prompt.exampleOutput")}</Text><Text whiteSpace="pre-wrap">{prompt.exampleOutput || "–"}</Text></Box>
            </Stack>
          </Card>
        ) : null}
      </Stack>
      <Card title={t("incident.facts")}>
        <Facts items={[
          [t("common.type"), word(prompt.promptType)], [t("prompt.category"), prompt.category?.name ?? "–"], [t("prompt.visibility"), word(prompt.visibility)], [t("prompt.version"), String(prompt.version ?? "–")],
          [t("prompt.rating"), <Rating key="rating" value={prompt.avgRating} />], [t("prompt.favorites"), number(prompt.favoriteCount)], [t("prompt.forks"), number(prompt.forkCount)], [t("prompt.uses"), number(prompt.usageCount)],
          [t("prompt.temperature"), number(prompt.recommendedTemperature, 2)], [t("prompt.maxTokens"), prompt.recommendedMaxTokens ? t("prompt.tokens.count", { count: prompt.recommendedMaxTokens }) : "–"], [t("prompt.providers"), prompt.compatibleProviders?.map(word).join(", ") || "–"],
          [t("prompt.variables"), variables.length > 0 ? <Wrap key="v" gap="1">{variables.map((one) => <Tag key={one}>{`{{${one}}}`}</Tag>)}</Wrap> : "–"],
          [t("risk.tags"), prompt.tags?.length ? <Wrap key="t" gap="1">{prompt.tags.map((one) => <Tag key={one.id}>{one.name}</Tag>)}</Wrap> : "–"],
          [t("prompt.author"), person(prompt.createdByUsername)], [t("common.updated"), <RelativeTime key="u" at={prompt.updatedAt} />], [t("common.id"), <Identifier key="id" value={id} short />],
        ]} />
        {prompt.useCases?.length ? <Stack as="ul" mt="4" ps="4" gap="1" fontSize="sm">{prompt.useCases.map((one) => <li key={one}>{one}</li>)}</Stack> : null}
      </Card>
    </SimpleGrid>
  );
}
