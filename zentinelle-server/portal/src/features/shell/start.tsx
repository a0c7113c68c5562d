// What stands around everything: theme, client, language, toasts. The page is drawn in the browser only: the
// exported files hold no data and no styles of their own, so that a strict content policy lets them pass.
"use client";
import { ApolloProvider } from "@apollo/client/react";
import { ChakraProvider } from "@chakra-ui/react";
import { type ReactNode, useEffect, useState } from "react";
import { makeClient } from "@/lib/apollo";
import { loadLanguage } from "@/messages";
import { system } from "@/theme";
import { Toasts } from "@/ui/toasts";

export function Start({ children }: { children: ReactNode }) {
  const [ready, setReady] = useState(false);
  const [client] = useState(makeClient);
  useEffect(() => void loadLanguage().then(() => setReady(true)), []);
  if (!ready) return <div className="starting" />;
  return (
    <ChakraProvider value={system}>
      <ApolloProvider client={client}>
        {children}
        <Toasts />
      </ApolloProvider>
    </ChakraProvider>
  );
}
