export { AgentGroups as default } from "@/features/agents/groups";
