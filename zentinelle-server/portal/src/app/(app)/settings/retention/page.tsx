export { Retention as default } from "@/features/settings/retention";
