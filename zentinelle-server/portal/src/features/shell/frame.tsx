// The frame around every page of a signed-in person.
"use client";
import { Box, Center, chakra, Flex, Spinner } from "@chakra-ui/react";
import dynamic from "next/dynamic";
import { usePathname } from "next/navigation";
import { Component, type ReactNode, useCallback, useEffect, useRef, useState } from "react";
import { useEver } from "@/lib/ever";
import { SessionProvider, useMe } from "@/lib/session";
import { t } from "@/messages";
import { ErrorState, NothingState } from "@/ui/page";
import { useShortcuts } from "./shortcuts";
import { Sidebar } from "./sidebar";
import { TopBar } from "./topbar";

const Palette = dynamic(() => import("./palette").then((made) => made.Palette), { ssr: false });
const ShortcutList = dynamic(() => import("./shortcut-list").then((made) => made.ShortcutList), { ssr: false });
const PhoneMenu = dynamic(() => import("./phone-menu").then((made) => made.PhoneMenu), { ssr: false });
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
  const [menu, palette, keys] = [useEver(shown === "menu"), useEver(shown === "palette"), useEver(shown === "keys")];
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
      {menu ? <PhoneMenu open={shown === "menu"} close={close} /> : null}
      {palette ? <Palette open={shown === "palette"} close={close} /> : null}
      {keys ? <ShortcutList open={shown === "keys"} close={close} /> : null}
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
