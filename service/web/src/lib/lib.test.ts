import { describe, expect, it } from "vitest";
import { result } from "@/fixtures";
import { boxAt, withPaths } from "@/lib/boxes";
import { figureName, figuresOf, headline } from "@/lib/figures";
import { ago, clock, percent, signed } from "@/lib/format";
import { cut, lanesOf, momentS } from "@/lib/lanes";
import { bandOf, logOdds, scoreColour, sigmoid, toneOf } from "@/lib/score";
import { trustIn } from "@/lib/trust";
import { bars, byBranch, INTERCEPT, reach } from "@/lib/waterfall";
import { heatColour } from "@/parts/heatmap";

describe("waterfall", () => {
  it("sums exactly to the log-odds of the verdict, by check and by measurement", () => {
    for (const by of ["check", "measure"] as const) {
      const all = bars(result.contributions, by);
      expect(all[0]?.key).toBe(INTERCEPT);
      expect(sigmoid(all.at(-1)?.to ?? 0)).toBeCloseTo(result.probability, 3);
      for (const [index, bar] of all.entries()) expect(bar.from).toBeCloseTo(all[index - 1]?.to ?? 0, 12);
    }
  });
  it("adds up the parts of one check", () => {
    expect(byBranch(result.contributions)).toEqual({ visual: 2.7, audio: -0.2 });
  });
  it("has no bars where nothing was judged, and an axis that holds all there are", () => {
    expect(bars({}, "check")).toEqual([]);
    expect(reach(bars(result.contributions, "check"))).toBeGreaterThan(2.2);
  });
});

describe("verdicts", () => {
  it("puts inconclusive before either label", () => {
    expect(toneOf({ verdict: "Deepfake", inconclusive: true })).toBe("inconclusive");
    expect(toneOf({ verdict: "Deepfake", inconclusive: false })).toBe("deepfake");
    expect(toneOf({ verdict: "Authentic", inconclusive: false })).toBe("authentic");
    expect(toneOf({ verdict: null, inconclusive: null })).toBe("none");
  });
  it("reads the band from the thresholds that were in use", () => {
    expect(bandOf(result)).toEqual([0.4, 0.6]);
    expect(bandOf({ thresholds: {} })).toEqual([0.5, 0.5]);
  });
  it("inverts log-odds and keeps certain scores finite", () => {
    expect(sigmoid(logOdds(0.3))).toBeCloseTo(0.3, 9);
    expect(Number.isFinite(logOdds(1))).toBe(true);
  });
  it("colours low scores as authentic and high ones as deepfake", () => {
    expect(scoreColour(0.1)).toContain("--authentic");
    expect(scoreColour(0.9)).toContain("--deepfake");
  });
});

describe("timeline", () => {
  it("uses finer moments for short clips and never too many for long ones", () => {
    expect([momentS(2), momentS(10), momentS(60), momentS(600)]).toEqual([0.5, 1, 1, 7]);
  });
  it("leaves moments without evidence empty", () => {
    const cells = cut([{ startS: 0, endS: 0.2, probability: 0.9 }], 1);
    expect(cells.map((cell) => cell.probability === null)).toEqual([false, true]);
    expect(cells.at(-1)?.endS).toBe(1);
  });
  it("gives what is left over to the last moment", () => {
    expect(cut([], 2.04).map((cell) => [cell.startS, cell.endS])).toEqual([
      [0, 0.5],
      [0.5, 1],
      [1, 1.5],
      [1.5, 2.04],
    ]);
    expect(cut([], 0.1)).toHaveLength(1);
  });
  it("counts the most suspicious of several faces, or the one that was chosen", () => {
    const spans = [
      { startS: 0, endS: 1, probability: 0.2, track: 0 },
      { startS: 0, endS: 1, probability: 0.8, track: 1 },
    ];
    expect(cut(spans, 1)[0]?.probability).toBeCloseTo(0.8);
    const branches = [{ name: "visual" as const, status: "scored" as const, timeline: spans, faces: {}, details: {} }];
    const visual = lanesOf({ ...result, branches }, 0).find((lane) => lane.name === "visual");
    expect(visual?.cells[0]?.probability).toBeCloseTo(0.2);
  });
  it("has a lane for every check, also for one that abstained", () => {
    expect(lanesOf(result, null).map((lane) => lane.name)).toEqual(["gate", "visual", "temporal", "audio", "sync"]);
  });
});

describe("face boxes", () => {
  const face = result.faces[0] ?? { track: 0, probability: null, timesS: [], boxes: [] };
  it("moves between sampled frames", () => {
    expect(boxAt(face, 0.5)).toEqual([50, 0, 150, 100]);
    expect(boxAt(face, 2)).toEqual([200, 0, 300, 100]);
  });
  it("draws nothing long before, long after, or across a gap", () => {
    expect(boxAt(face, 3)).toBeNull();
    const sparse = { ...face, timesS: [0, 10], boxes: face.boxes.slice(0, 2) };
    expect(boxAt(sparse, 5)).toBeNull();
    expect(boxAt(sparse, 9.9)).toEqual([100, 0, 200, 100]);
    expect(boxAt({ ...face, timesS: [], boxes: [] }, 0)).toBeNull();
  });
  it("prefers the whole path of a face to its samples", () => {
    const paths = { tracks: [{ track: 0, probability: 0.9, paths: [{ timesS: [0], boxes: [[1, 2, 3, 4] as [number, number, number, number]] }] }] };
    expect(withPaths(result.faces, paths).map((found) => found.timesS.length)).toEqual([1, 1]);
    expect(withPaths(result.faces, undefined)).toEqual(result.faces);
  });
});

describe("figures of networks", () => {
  const figures = figuresOf({ held_out: { auc: [0.6, 0.5, 0.7], eer: 0.4, by: { x: { auc: 0.1 } } }, note: "text" });
  it("finds every number and its interval", () => {
    expect(figures).toHaveLength(3);
    expect(figures[0]).toEqual({ path: ["held_out", "auc"], value: 0.6, interval: [0.5, 0.7] });
  });
  it("takes areas under the curve near the root for the headline", () => {
    expect(headline(figures).map(({ path }) => path.join("."))).toEqual(["held_out.auc"]);
    expect(figureName(["held_out", "auc_shift_2"])).toBe("AUC, shift 2");
  });
  it("takes those of the first group alone, since a name is all that is shown of them", () => {
    const groups = figuresOf({ clips: 9, held_out: { matched_auc: 0.9, auc: 0.8 }, alone: { matched_auc: 0.7, auc: 0.6 } });
    expect(headline(groups).map(({ path }) => path.join("."))).toEqual(["held_out.matched_auc", "held_out.auc"]);
    expect(headline([])).toEqual([]);
  });
});

describe("trust in a verdict", () => {
  const head = (matched_auc: number) => [{ file: "head.joblib", sha256: "", role: "fusion", metrics: { clips: 205, matched_auc } }];
  it("is what was measured of the head in use", () => {
    expect([0.52, 0.64, 0.8].map((auc) => trustIn("head.joblib", head(auc))?.worth)).toEqual(["chance", "weak", "good"]);
    expect(trustIn("head.joblib", head(0.64))).toMatchObject({ auc: 0.64, clips: 205 });
  });
  it("is not spoken of where nothing was measured", () => {
    expect(trustIn("other.joblib", head(0.64))).toBeNull();
    expect(trustIn(undefined, [])).toBeNull();
  });
});

describe("formats", () => {
  it("writes figures that line up", () => {
    expect([signed(0.416), signed(-1.3), signed(0.0004)]).toEqual(["+0.42", "−1.30", "±0.00"]);
    expect([clock(7.42), clock(75), percent(0.333), percent(0.3333, 1)]).toEqual(["0:07.4", "1:15.0", "33%", "33.3%"]);
  });
  it("tells times as distances, and dates once they are far", () => {
    const now = Date.parse("2026-11-21T12:00:00Z");
    expect(ago("2026-11-21T11:55:00Z", now)).toBe("5 minutes ago");
    expect(ago("2026-11-20T11:00:00Z", now)).toBe("yesterday");
    expect(ago("2026-01-01T12:00:00Z", now)).toContain("2026");
  });
  it("draws heat from green over pale to red", () => {
    const redness = (value: number) => heatColour(value)[0] - heatColour(value)[1];
    expect([0, 0.25, 0.5, 0.75, 1].map((value) => Math.sign(redness(value)))).toEqual([-1, -1, 0, 1, 1]);
    expect(heatColour(7)).toEqual(heatColour(1));
  });
});
