"use client";
import { Center } from "@chakra-ui/react";
import { t } from "@/messages";
import { NothingState } from "@/ui/page";
import { GoButton } from "@/ui/small";

export default function NotFound() {
  return (
    <Center as="main" minH="100dvh">
      <NothingState title={t("notFound.title")} text={t("notFound.text")}><GoButton href="/">{t("notFound.home")}</GoButton></NothingState>
    </Center>
  );
}
