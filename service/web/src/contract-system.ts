/** What GET /health and GET /models say. */

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
  metrics?: Record<string, unknown>;
}

export interface ModelList {
  artefacts: ModelEntry[];
}
