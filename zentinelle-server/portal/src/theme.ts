// Every colour, size and face of the portal. Pages use the names below and no others.
import { createSystem, defaultConfig, defineConfig } from "@chakra-ui/react";

const pair = (light: string, dark: string) => ({ value: { _light: light, _dark: dark } });

const config = defineConfig({
  globalCss: {
    html: { fontSize: "15px", colorPalette: "accent" },
    body: { bg: "bg.canvas", color: "fg", fontFamily: "body", lineHeight: "1.5", fontFeatureSettings: '"cv05", "cv11", "ss03"' },
    "*:focus-visible": { outline: "2px solid", outlineColor: "accent.focusRing", outlineOffset: "2px" },
    "::selection": { bg: "accent.muted" },
  },
  theme: {
    tokens: {
      fonts: {
        body: { value: "'Inter Variable', system-ui, sans-serif" },
        heading: { value: "'Inter Variable', system-ui, sans-serif" },
        mono: { value: "ui-monospace, 'SF Mono', 'Cascadia Mono', 'DejaVu Sans Mono', Menlo, Consolas, monospace" },
      },
      colors: {
        teal: {
          50: { value: "#effbfa" }, 100: { value: "#d3f3f2" }, 200: { value: "#a9e6e6" }, 300: { value: "#6fd2d5" },
          400: { value: "#35b5bc" }, 500: { value: "#17979f" }, 600: { value: "#0e7c86" }, 700: { value: "#0f646d" },
          800: { value: "#124f57" }, 900: { value: "#123f46" }, 950: { value: "#08272d" },
        },
        ink: {
          50: { value: "#f7f9fa" }, 100: { value: "#eef2f4" }, 200: { value: "#dfe5e9" }, 300: { value: "#c6d0d6" },
          400: { value: "#93a2ac" }, 500: { value: "#64747f" }, 600: { value: "#4a5964" }, 700: { value: "#35424c" },
          800: { value: "#1f2a32" }, 850: { value: "#182128" }, 900: { value: "#11191f" }, 950: { value: "#0b1116" },
        },
      },
      radii: { l1: { value: "4px" }, l2: { value: "6px" }, l3: { value: "10px" } },
    },
    recipes: {
      // Quiet buttons carry no accent: one filled button a page is enough.
      button: {
        variants: {
          variant: {
            outline: { borderColor: "border.emphasized", color: "fg", bg: "bg.panel", _hover: { bg: "bg.muted" }, _expanded: { bg: "bg.muted" } },
            ghost: { color: "fg.muted", _hover: { bg: "bg.muted" }, _expanded: { bg: "bg.muted" } },
            subtle: { bg: "bg.muted", color: "fg", _hover: { bg: "bg.emphasized" }, _expanded: { bg: "bg.emphasized" } },
          },
        },
      },
    },
    semanticTokens: {
      colors: {
        bg: {
          DEFAULT: pair("#ffffff", "{colors.ink.900}"),
          canvas: pair("{colors.ink.50}", "{colors.ink.950}"),
          subtle: pair("{colors.ink.50}", "{colors.ink.850}"),
          muted: pair("{colors.ink.100}", "{colors.ink.800}"),
          emphasized: pair("{colors.ink.200}", "{colors.ink.700}"),
          panel: pair("#ffffff", "{colors.ink.900}"),
        },
        fg: {
          DEFAULT: pair("#15202a", "#e6ecf0"),
          muted: pair("{colors.ink.600}", "#a8b5be"),
          subtle: pair("{colors.ink.500}", "#8f9ea8"),
        },
        border: {
          DEFAULT: pair("{colors.ink.200}", "#25323b"),
          muted: pair("{colors.ink.100}", "#1d2830"),
          subtle: pair("{colors.ink.100}", "#1d2830"),
          emphasized: pair("{colors.ink.300}", "#3a4852"),
        },
        accent: {
          solid: pair("{colors.teal.600}", "{colors.teal.500}"),
          contrast: pair("#ffffff", "#04181b"),
          fg: pair("{colors.teal.700}", "{colors.teal.300}"),
          muted: pair("{colors.teal.100}", "{colors.teal.900}"),
          subtle: pair("{colors.teal.50}", "{colors.teal.950}"),
          emphasized: pair("{colors.teal.200}", "{colors.teal.800}"),
          focusRing: pair("{colors.teal.600}", "{colors.teal.400}"),
          border: pair("{colors.teal.600}", "{colors.teal.600}"),
        },
        // What a state means. The word and the icon say it too; colour is never alone.
        critical: { fg: pair("#a3123a", "#ff9db3"), bg: pair("#fdecf0", "#3b1220"), solid: pair("#be1846", "#f0577f") },
        high: { fg: pair("#93400a", "#ffb27a"), bg: pair("#fdf0e4", "#38200d"), solid: pair("#c2560f", "#ee8a3c") },
        medium: { fg: pair("#735400", "#ecc95c"), bg: pair("#faf3d9", "#2f2709"), solid: pair("#b08500", "#d9ae2a") },
        low: { fg: pair("#1f5582", "#92c7f0"), bg: pair("#e8f2fa", "#10283a"), solid: pair("#2f7ab5", "#5aa7dd") },
        good: { fg: pair("#0b6146", "#6fd6af"), bg: pair("#e3f6ef", "#0b2e23"), solid: pair("#12875f", "#34b98a") },
        quiet: { fg: pair("{colors.ink.600}", "#a8b5be"), bg: pair("{colors.ink.100}", "{colors.ink.800}"), solid: pair("{colors.ink.400}", "{colors.ink.500}") },
        // Lines and bars: told apart by people who see few colours, in this order.
        chart: {
          1: pair("#0e7c86", "#3fc1c9"), 2: pair("#d1602a", "#f29457"), 3: pair("#4b5fb8", "#93a4f0"),
          4: pair("#b58900", "#e3bf4a"), 5: pair("#8e3b76", "#d98cc3"), 6: pair("#5b6b75", "#a4b3bd"),
          grid: pair("#e3e9ec", "#22303a"), axis: pair("#5b6b76", "#9babb5"),
        },
      },
    },
  },
});

export const system = createSystem(defaultConfig, config);
