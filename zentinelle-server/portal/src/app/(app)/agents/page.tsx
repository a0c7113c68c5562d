export { AgentList as default } from "@/features/agents/list";
