import type { Metadata, Viewport } from "next";
import type { ReactNode } from "react";
import { Start } from "@/features/shell/start";
import "./globals.css";

export const metadata: Metadata = { title: "Zentinelle", description: "Policy and evidence for AI agents", icons: "/zentinelle/favicon.svg", robots: "noindex" };
export const viewport: Viewport = { width: "device-width", initialScale: 1, colorScheme: "light dark" };

export default function Layout({ children }: { children: ReactNode }) {
  return (
    <html lang="en" suppressHydrationWarning>
      <head>
        {/* eslint-disable-next-line @next/next/no-sync-scripts -- it must run before the first paint */}
        <script src="/zentinelle/theme.js" />
      </head>
      <body>
        <Start>{children}</Start>
      </body>
    </html>
  );
}
