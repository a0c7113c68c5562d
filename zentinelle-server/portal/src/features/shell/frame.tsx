// The frame around every page of a signed-in person.
"use client";
import { Box, Center, chakra, Flex, Spinner } from "@chakra-ui/react";
import { usePathname } from "next/navigation";
import { Component, type ReactNode, useCallback, useEffect, useRef, useState } from "react";
import { SessionProvider, useMe } from "@/lib/session";
import { t } from "@/messages";
import { ErrorState, NothingState } from "@/ui/page";
import { Palette } from "./palette";
import { ShortcutList, useShortcuts } from "./shortcuts";
import { PhoneMenu, Sidebar } from "./sidebar";
import { TopBar } from "./topbar";

const FOLDED = "zentinelle.menu.folded";

export function Frame({ children }: { children: ReactNode }) {
  return (
    <SessionProvider
      waiting={<Center minH="100dvh"><Spinner color="accent.solid" aria-label={t("common.loading")} /></Center>}
      failed={(error, retry) => <Center minH="100dvh"><ErrorState error={error} retry={retry} /></Center>}
    >
      <Inside>{children}</Inside>
    </SessionProvider>
  );
}

function Inside({ children }: { children: ReactNode }) {
  const me = useMe();
  const path = usePathname();
  const [folded, setFolded] = useState(() => localStorage.getItem(FOLDED) === "1");
  const [shown, show] = useState<"menu" | "palette" | "keys">();
  const close = useCallback(() => show(undefined), []);
  const fold = useCallback(() => setFolded((was) => {
    localStorage.setItem(FOLDED, was ? "0" : "1");
    return !was;
  }), []);
  const openPalette = useCallback(() => show("palette"), []);
  useShortcuts({ palette: openPalette, help: useCallback(() => show("keys"), []), menu: fold });
  const main = useRef<HTMLElement>(null);
  const before = useRef(path);
  useEffect(() => {
    // A reader of the screen hears the new page, and the next Tab starts in it.
    if (before.current !== path) main.current?.focus({ preventScroll: true });
    before.current = path;
  }, [path]);
  return (
    <Flex minH="100dvh">
      <chakra.a href="#main" position="absolute" insetStart="2" top="-20" _focus={{ top: "2" }} bg="bg.panel" px="3" py="2" zIndex="skipNav" rounded="l2">{t("shell.skip")}</chakra.a>
      <Sidebar folded={folded} fold={fold} />
      <Box flex="1" minW="0">
        {me.signedInBy === "open" ? <Box data-chrome role="note" bg="high.bg" color="high.fg" fontSize="xs" px="4" py="1.5" textAlign="center" fontWeight="medium">{t("shell.open")}</Box> : null}
        <TopBar openMenu={() => show("menu")} openPalette={openPalette} />
        <chakra.main id="main" ref={main} tabIndex={-1} outline="none" _focusVisible={{ outline: "none" }}>
          <Catch key={path}>{children}</Catch>
        </chakra.main>
      </Box>
      <PhoneMenu open={shown === "menu"} close={close} />
      <Palette open={shown === "palette"} close={close} />
      <ShortcutList open={shown === "keys"} close={close} />
    </Flex>
  );
}

/** A page that throws takes only itself down. */
class Catch extends Component<{ children: ReactNode }, { fault?: Error }> {
  override state: { fault?: Error } = {};
  static getDerivedStateFromError(fault: Error) {
    return { fault };
  }
  override render() {
    const { fault } = this.state;
    return fault ? <NothingState title={t("state.broken")} text={t("state.broken.text", { message: fault.message })} /> : this.props.children;
  }
}
