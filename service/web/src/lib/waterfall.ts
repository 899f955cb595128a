/** The additive log-odds of a verdict, laid out as a waterfall. */

import type { BranchName } from "@/contract";

export const INTERCEPT = "intercept";
const BRANCH_OF_PREFIX: [string, BranchName][] = [
  ["tiny_", "gate"],
  ["visual_", "visual"],
  ["temporal_", "temporal"],
  ["audio_", "audio"],
  ["sync_", "sync"],
];
export const ORDER: BranchName[] = ["gate", "visual", "temporal", "audio", "sync"];

/** One bar, from where the sum stood to where this part takes it. */
export interface Bar {
  key: string;
  branch: BranchName | null;
  value: number;
  from: number;
  to: number;
}

export function branchOf(feature: string): BranchName | null {
  return BRANCH_OF_PREFIX.find(([prefix]) => feature.startsWith(prefix))?.[1] ?? null;
}

function stack(parts: [string, BranchName | null, number][]): Bar[] {
  let at = 0;
  return parts.map(([key, branch, value]) => {
    const bar = { key, branch, value, from: at, to: at + value };
    at = bar.to;
    return bar;
  });
}

/** Sum of each check's parts. */
export function byBranch(contributions: Record<string, number>): Partial<Record<BranchName, number>> {
  const sums: Partial<Record<BranchName, number>> = {};
  for (const [feature, value] of Object.entries(contributions)) {
    const branch = branchOf(feature);
    if (branch) sums[branch] = (sums[branch] ?? 0) + value;
  }
  return sums;
}

/** Bars in order of the checks, after the starting point: one a check, or one a measurement. */
export function bars(contributions: Record<string, number>, by: "check" | "measure"): Bar[] {
  if (Object.keys(contributions).length === 0) return [];
  const start: [string, null, number] = [INTERCEPT, null, contributions[INTERCEPT] ?? 0];
  if (by === "check") {
    const sums = byBranch(contributions);
    return stack([start, ...ORDER.flatMap((name): [string, BranchName, number][] => (name in sums ? [[name, name, sums[name] ?? 0]] : []))]);
  }
  const features = Object.entries(contributions).filter(([name]) => name !== INTERCEPT);
  const place = (name: string): number => ORDER.indexOf(branchOf(name) ?? "sync");
  features.sort(([a], [b]) => place(a) - place(b));
  return stack([start, ...features.map(([name, value]): [string, BranchName | null, number] => [name, branchOf(name), value])]);
}

/** Symmetric range of the axis that holds every bar, at least from 23% to 77%. */
export function reach(all: Bar[]): number {
  return Math.max(1.2, ...all.flatMap((bar) => [Math.abs(bar.from), Math.abs(bar.to)])) * 1.08;
}
