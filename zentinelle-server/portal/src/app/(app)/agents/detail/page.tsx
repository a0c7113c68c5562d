export { AgentDetail as default } from "@/features/agents/detail";
