/** What GET /health and GET /models say. */

import type { BranchName } from "@/contract";

export interface Health {
  status: "ok" | "degraded";
  version: string;
  readyWorkers: number;
  queued: number;
  running: number;
  oldestQueuedS: number;
  meanAnalysisS: number | null;
  verdicts: number;
  earlyExitShare: number | null;
  inconclusiveShare: number | null;
  versions?: Record<string, string>;
}

export interface ModelEntry {
  file: string;
  sha256: string;
  role: string;
  /** Of a fusion head: the checks that it weighs. */
  config?: { branches?: BranchName[] };
  metrics?: Record<string, unknown>;
  /** `data` says in words what it was made from, and how far its figures carry. */
  provenance?: { data?: string };
}

export interface ModelList {
  artefacts: ModelEntry[];
}
