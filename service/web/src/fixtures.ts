/** One finding of the shape that the service gives, for component tests. */

import type { AnalysisStatus, BranchReport, Result, Step, StepName, StepState } from "@/contract";

const scored = (name: BranchReport["name"], probability: number, more: Partial<BranchReport> = {}): BranchReport => ({
  name,
  status: "scored",
  probability,
  timeline: [{ startS: 0, endS: 2, probability, track: null }],
  faces: {},
  details: {},
  ...more,
});

export const result: Result = {
  verdict: "Deepfake",
  confidence: 88.1,
  probability: 0.8808,
  inconclusive: false,
  earlyExit: false,
  reasons: ["The face shows traces of blending or synthesis (91% likely fake by this check alone)."],
  branches: [
    scored("gate", 0.6, { heatmap: { track: 0, timeS: 0.5, box: [10, 10, 60, 60], rows: [[0.1, 0.9]] } }),
    scored("visual", 0.91, { faces: { "0": 0.91, "1": 0.2 } }),
    { name: "temporal", status: "abstained", code: "too_short", reason: "Too short to judge motion.", timeline: [], faces: {}, details: {} },
    scored("audio", 0.4, { details: { windows: 1 } }),
    scored("sync", 0.7, { details: { offset_frames: 5, offset_certain: true, curve: [0.1, 0.5, 0.2] } }),
  ],
  features: { visual_prob_mean: 0.91, audio_prob_fake: 0.4, tiny_num_patches: 1200, temporal_prob_fake: null },
  contributions: { intercept: -0.5, visual_prob_mean: 2.0, visual_prob_max: 0.7, audio_prob_fake: -0.2 },
  timeline: [{ startS: 0, endS: 1, probability: 0.8 }],
  faces: [
    { track: 0, probability: 0.91, timesS: [0, 1, 2], boxes: [[0, 0, 100, 100], [100, 0, 200, 100], [200, 0, 300, 100]] },
    { track: 1, probability: 0.2, timesS: [0], boxes: [[300, 0, 400, 100]] },
  ],
  windows: [[0, 2]],
  clip: {
    sha256: "ab".repeat(32),
    durationS: 2,
    fps: 25,
    width: 640,
    height: 360,
    rotation: 0,
    hasAudio: true,
    container: "mov,mp4",
    videoCodec: "h264",
    audioCodec: "aac",
    bitrateBps: 1_500_000,
  },
  timings: { media: 0.5, gate: 0.1 },
  versions: { head: "head.joblib", "gate.safetensors": "0123456789ab" },
  thresholds: { deepfake_from: 0.5, inconclusive_from: 0.4, inconclusive_to: 0.6 },
  options: { gate: true, scan: "windows" },
};

const NAMES: StepName[] = ["ingest", "gate", "visual", "temporal", "audio", "sync", "fusion"];

export const steps = (states: Partial<Record<StepName, StepState>>): Step[] =>
  NAMES.map((name) => ({ name, state: states[name] ?? "waiting", tookMs: states[name] === "done" ? 1234 : null, note: states[name] === "abstained" ? "No face was found." : null }));

export const status: AnalysisStatus = {
  analysisId: "5f0c2a34-7f7e-4b52-9d0a-9a6f2b1c3d4e",
  status: "complete",
  percent: 100,
  stageName: "Final classification",
  filename: "interview.mp4",
  submittedAt: "2026-11-03T10:00:00Z",
  finishedAt: "2026-11-03T10:00:09Z",
  steps: steps({ ingest: "done", gate: "done", visual: "done", temporal: "abstained", audio: "done", sync: "done", fusion: "done" }),
  result,
};
