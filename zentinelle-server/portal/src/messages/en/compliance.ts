export const compliance = {
} as const;
