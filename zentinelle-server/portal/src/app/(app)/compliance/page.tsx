export { Compliance as default } from "@/features/compliance/compliance";
