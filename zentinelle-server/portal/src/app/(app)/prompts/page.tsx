export { PromptLibrary as default } from "@/features/prompts/list";
