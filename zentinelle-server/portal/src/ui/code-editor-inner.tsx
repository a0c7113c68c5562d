// CodeMirror in a shadow root: its styles are adopted sheets there, so a strict content policy lets them pass.
"use client";
import { Box } from "@chakra-ui/react";
import { defaultKeymap, history, historyKeymap, indentWithTab } from "@codemirror/commands";
import { json } from "@codemirror/lang-json";
import { markdown } from "@codemirror/lang-markdown";
import { yaml } from "@codemirror/lang-yaml";
import { bracketMatching, foldGutter, HighlightStyle, indentOnInput, syntaxHighlighting } from "@codemirror/language";
import { type Diagnostic, lintGutter, setDiagnostics } from "@codemirror/lint";
import { searchKeymap } from "@codemirror/search";
import { Compartment, EditorState } from "@codemirror/state";
import { drawSelection, EditorView, highlightActiveLine, keymap, lineNumbers } from "@codemirror/view";
import { tags } from "@lezer/highlight";
import { useEffect, useRef } from "react";
import { useIsDark } from "@/lib/theme-choice";

export interface EditorProblem {
  /** Offsets in the text; without them, the line (from 1). */
  start?: number;
  end?: number;
  line?: number;
  severity: "error" | "warning" | "info";
  message: string;
}

export interface CodeEditorProps {
  label: string;
  language: "yaml" | "json" | "markdown" | "text";
  value: string;
  onChange?: (value: string) => void;
  problems?: readonly EditorProblem[];
  readOnly?: boolean;
  minHeight?: string;
  maxHeight?: string;
}

const languages = { yaml, json, markdown, text: () => [] };

function look(dark: boolean) {
  const ink = dark ? { text: "#e6ecf0", dim: "#8f9ea8", line: "#182128", border: "#25323b", mark: "#123f46", key: "#6fd2d5", string: "#e3bf4a", number: "#f29457", atom: "#93a4f0" }
    : { text: "#15202a", dim: "#5b6b76", line: "#f2f6f7", border: "#dfe5e9", mark: "#d3f3f2", key: "#0f646d", string: "#7a5b00", number: "#a3470f", atom: "#3f4f9e" };
  return [
    EditorView.theme({
      "&": { color: ink.text, backgroundColor: "transparent", fontSize: "13px", height: "100%" },
      "&.cm-focused": { outline: "none" },
      ".cm-content": { caretColor: ink.text, fontFamily: "ui-monospace, 'SF Mono', 'DejaVu Sans Mono', Menlo, Consolas, monospace", padding: "10px 0" },
      ".cm-cursor": { borderLeftColor: ink.text },
      ".cm-gutters": { backgroundColor: "transparent", color: ink.dim, border: "none" },
      ".cm-activeLine, .cm-activeLineGutter": { backgroundColor: ink.line },
      "&.cm-focused .cm-selectionBackground, .cm-selectionBackground": { backgroundColor: `${ink.mark} !important` },
      ".cm-tooltip": { backgroundColor: dark ? "#182128" : "#fff", color: ink.text, border: `1px solid ${ink.border}` },
      ".cm-panels": { backgroundColor: dark ? "#182128" : "#f7f9fa", color: ink.text },
    }, { dark }),
    syntaxHighlighting(HighlightStyle.define([
      { tag: [tags.propertyName, tags.definition(tags.propertyName), tags.heading], color: ink.key, fontWeight: "500" },
      { tag: [tags.string, tags.special(tags.string)], color: ink.string },
      { tag: [tags.number], color: ink.number },
      { tag: [tags.bool, tags.null, tags.keyword, tags.atom], color: ink.atom },
      { tag: tags.comment, color: ink.dim, fontStyle: "italic" },
    ])),
  ];
}

export function CodeEditorInner({ label, language, value, onChange, problems = [], readOnly = false, minHeight = "16rem", maxHeight }: CodeEditorProps) {
  const host = useRef<HTMLDivElement>(null);
  const view = useRef<EditorView>(undefined);
  const changed = useRef(onChange);
  const theme = useRef(new Compartment());
  const writing = useRef(new Compartment());
  const dark = useIsDark();
  changed.current = onChange;

  useEffect(() => {
    const place = host.current;
    if (!place) return;
    const root = place.shadowRoot ?? place.attachShadow({ mode: "open" });
    const made = new EditorView({
      root,
      parent: root,
      state: EditorState.create({
        doc: value,
        extensions: [
          lineNumbers(), foldGutter(), history(), drawSelection(), indentOnInput(), bracketMatching(), highlightActiveLine(), lintGutter(),
          keymap.of([...defaultKeymap, ...historyKeymap, ...searchKeymap, { key: "Escape", run: (editor) => { editor.contentDOM.blur(); return true; } }, indentWithTab]),
          languages[language](), EditorView.lineWrapping,
          EditorView.contentAttributes.of({ "aria-label": label, ...(readOnly ? { tabindex: "0" } : {}) }),
          theme.current.of(look(dark)),
          writing.current.of([EditorState.readOnly.of(readOnly), EditorView.editable.of(!readOnly)]),
          EditorView.updateListener.of((update) => {
            if (update.docChanged && !update.transactions.some((one) => one.isUserEvent("outside"))) changed.current?.(update.state.doc.toString());
          }),
        ],
      }),
    });
    view.current = made;
    return () => made.destroy();
    // The editor is made once for a language and name; what else changes is dispatched to it below.
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [language, label]);

  useEffect(() => view.current?.dispatch({ effects: theme.current.reconfigure(look(dark)) }), [dark]);
  useEffect(() => view.current?.dispatch({ effects: writing.current.reconfigure([EditorState.readOnly.of(readOnly), EditorView.editable.of(!readOnly)]) }), [readOnly]);
  useEffect(() => {
    const editor = view.current;
    if (!editor || editor.state.doc.toString() === value) return;
    editor.dispatch({ changes: { from: 0, to: editor.state.doc.length, insert: value }, userEvent: "outside" });
  }, [value, language, label]);
  useEffect(() => {
    const editor = view.current;
    if (!editor) return;
    const { doc } = editor.state;
    const most = doc.length;
    const found: Diagnostic[] = problems.map((one) => {
      const line = one.line && one.line <= doc.lines ? doc.line(one.line) : undefined;
      const from = Math.min(one.start ?? line?.from ?? 0, most);
      return { from, to: Math.min(Math.max(one.end ?? line?.to ?? from, from), most), severity: one.severity, message: one.message };
    });
    editor.dispatch(setDiagnostics(editor.state, found));
  }, [problems, value]);

  return <Box ref={host} borderWidth="1px" borderColor="border" rounded="l2" bg="bg.panel" minH={minHeight} maxH={maxHeight} h={maxHeight ? undefined : "100%"} overflow="auto" _focusWithin={{ borderColor: "accent.border" }} />;
}
