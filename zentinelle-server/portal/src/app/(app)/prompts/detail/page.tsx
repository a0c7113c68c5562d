export { PromptDetail as default } from "@/features/prompts/detail";
