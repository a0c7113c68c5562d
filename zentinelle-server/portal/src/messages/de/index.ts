import type { Translation } from "..";
import { shell } from "./shell";

/** German: the frame and the shared parts; page text follows where it lacks. */
export const de: Translation = { ...shell };
