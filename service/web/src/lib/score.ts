/** Probabilities, log-odds, and the one way from a probability to a verdict's name and colour. */

import type { Result } from "@/contract";

export type Tone = "authentic" | "deepfake" | "inconclusive" | "none";

export const sigmoid = (logit: number): number => 1 / (1 + Math.exp(-logit));

export function logOdds(probability: number): number {
  const inside = Math.min(Math.max(probability, 1e-6), 1 - 1e-6);
  return Math.log(inside / (1 - inside));
}

interface Judged {
  verdict: "Deepfake" | "Authentic" | null;
  inconclusive: boolean | null;
}

export function toneOf({ verdict, inconclusive }: Judged): Tone {
  if (verdict === null) return "none";
  if (inconclusive) return "inconclusive";
  return verdict === "Deepfake" ? "deepfake" : "authentic";
}

/** Whether anything was judged at all: without a fusion head that fits, the probability is one half and means nothing. */
export const wasJudged = (result: Pick<Result, "contributions">): boolean => Object.keys(result.contributions).length > 0;

/** Colour of one score: teal at 0, grey at one half, vermilion at 1. */
export function scoreColour(probability: number): string {
  const side = probability >= 0.5 ? "deepfake" : "authentic";
  const strength = Math.round(Math.min(1, Math.abs(probability - 0.5) * 2.2) * 100);
  return `color-mix(in oklab, var(--${side}-fill) ${strength}%, var(--neutral-fill))`;
}

/** The probabilities between which no verdict is given. */
export function bandOf(result: Pick<Result, "thresholds">): [number, number] {
  const { inconclusive_from: low = 0.5, inconclusive_to: high = 0.5 } = result.thresholds;
  return [low, high];
}
