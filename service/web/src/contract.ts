/** The JSON of the HTTP contract, as GET /openapi.json describes it. */

export type BranchName = "gate" | "visual" | "temporal" | "audio" | "sync";
export type StepName = "ingest" | BranchName | "fusion";
export type StepState = "waiting" | "running" | "done" | "abstained" | "skipped";
export type AnalysisState = "processing" | "complete" | "error" | "cancelled";

export interface Problem {
  type: string;
  title: string;
  status: number;
  detail: string;
  code: string;
}

export interface Step {
  name: StepName;
  state: StepState;
  tookMs: number | null;
  note: string | null;
}

/** Probability of being fake from `startS` to `endS` seconds. */
export interface Span {
  startS: number;
  endS: number;
  probability: number;
  track?: number | null;
}

/** Left, top, right, bottom in pixels of the shown clip. */
export type Box = [number, number, number, number];

export interface HeatmapGrid {
  track: number;
  timeS: number;
  box: Box;
  rows: number[][];
}

export interface BranchReport {
  name: BranchName;
  status: "scored" | "abstained" | "skipped";
  probability?: number | null;
  code?: string | null;
  reason?: string | null;
  timeline: Span[];
  faces: Record<string, number>;
  heatmap?: HeatmapGrid | null;
  details: Record<string, unknown>;
}

export interface Face {
  track: number;
  probability: number | null;
  timesS: number[];
  boxes: Box[];
}

export interface ClipFacts {
  sha256: string;
  durationS: number;
  fps: number;
  width: number;
  height: number;
  rotation: number;
  hasAudio: boolean;
  container: string;
  videoCodec: string;
  audioCodec: string;
  bitrateBps: number;
}

export interface Result {
  verdict: "Deepfake" | "Authentic";
  confidence: number;
  probability: number;
  inconclusive: boolean;
  earlyExit: boolean;
  reasons: string[];
  branches: BranchReport[];
  features: Record<string, number | null>;
  contributions: Record<string, number>;
  timeline: Span[];
  faces: Face[];
  windows: [number, number][];
  clip: ClipFacts;
  timings: Record<string, number>;
  versions: Record<string, string>;
  thresholds: Record<string, number>;
  options: Record<string, boolean | string>;
}

export interface AnalysisStatus {
  analysisId: string;
  status: AnalysisState;
  percent: number;
  stageName: string;
  steps?: Step[] | null;
  filename?: string | null;
  sha256?: string | null;
  submittedAt?: string | null;
  startedAt?: string | null;
  finishedAt?: string | null;
  attempts?: number;
  reused?: boolean | null;
  result?: Result | null;
  error?: Problem | null;
}

export interface AnalysisSummary {
  analysisId: string;
  status: AnalysisState;
  filename: string | null;
  sha256: string | null;
  submittedAt: string;
  finishedAt: string | null;
  durationS: number | null;
  verdict: "Deepfake" | "Authentic" | null;
  confidence: number | null;
  probability: number | null;
  inconclusive: boolean | null;
  earlyExit: boolean | null;
  errorCode: string | null;
}

export interface AnalysisPage {
  items: AnalysisSummary[];
  nextCursor: string | null;
}

export interface EvidenceItem {
  name: string;
  kind: string;
  title: string;
  mediaType: string;
  url: string;
  details: Record<string, unknown>;
}

/** The evidence faces.json: per track, the path of the face through each window that was read. */
export interface FacePaths {
  tracks: { track: number; probability: number | null; paths: { timesS: number[]; boxes: Box[] }[] }[];
}

export interface EvidenceList {
  items: EvidenceItem[];
}
