// An editor for policies, requests and prompts, loaded when first needed.
"use client";
import { Skeleton } from "@chakra-ui/react";
import dynamic from "next/dynamic";
import type { CodeEditorProps } from "./code-editor-inner";

export type { CodeEditorProps, EditorProblem } from "./code-editor-inner";

export const CodeEditor = dynamic<CodeEditorProps>(() => import("./code-editor-inner").then((made) => made.CodeEditorInner), { ssr: false, loading: () => <Skeleton h="16rem" rounded="l2" /> });
