export { EffectivePolicies as default } from "@/features/policies/effective";
