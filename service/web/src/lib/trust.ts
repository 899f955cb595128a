/** How far the figures of the fusion head in use carry, in the words of the service's report. */

import type { ModelEntry } from "@/contract-system";

const CHANCE_UNTIL = 0.6;
const WEAK_UNTIL = 0.75;

export interface Trust {
  /** Area under the curve among held-out clips of like picture quality. */
  auc: number;
  clips: number | null;
  worth: "chance" | "weak" | "good";
}

const numberIn = (value: unknown): number | null => {
  const first: unknown = Array.isArray(value) ? value[0] : value;
  return typeof first === "number" && Number.isFinite(first) ? first : null;
};

/** What was measured of the head that gave a verdict; null where the manifest has no such figure. */
export function trustIn(head: string | undefined, entries: readonly ModelEntry[]): Trust | null {
  const metrics = entries.find((entry) => entry.file === head)?.metrics;
  const auc = numberIn(metrics?.matched_auc);
  if (auc === null) return null;
  return { auc, clips: numberIn(metrics?.clips), worth: auc < CHANCE_UNTIL ? "chance" : auc < WEAK_UNTIL ? "weak" : "good" };
}
