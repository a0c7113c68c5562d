export { PromptEdit as default } from "@/features/prompts/edit";
