export { FrameworkDetail as default } from "@/features/compliance/framework";
