import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { fireEvent, render, screen, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { domAnimation, LazyMotion } from "motion/react";
import type { ReactNode } from "react";
import { describe, expect, it, vi } from "vitest";
import { ApiError } from "@/api";
import type { Result } from "@/contract";
import { result, steps } from "@/fixtures";
import type { Playhead } from "@/hooks/use-playhead";
import { BranchCards } from "@/parts/branch-cards";
import { Differences } from "@/parts/differences";
import { DropZone } from "@/parts/drop-zone";
import { isEarlyExit, Pipeline } from "@/parts/pipeline";
import { Player } from "@/parts/player";
import { ProblemNote } from "@/parts/problem-note";
import { SyncCurve } from "@/parts/sync-curve";
import { Timeline } from "@/parts/timeline";
import { VerdictPanel } from "@/parts/verdict-panel";
import { Waterfall } from "@/parts/waterfall";
import { texts } from "@/texts";

function show(element: ReactNode) {
  return render(
    <QueryClientProvider client={new QueryClient()}>
      <LazyMotion features={domAnimation}>{element}</LazyMotion>
    </QueryClientProvider>,
  );
}

const playhead = (seek = vi.fn()): Playhead => ({
  timeS: 0.5,
  playing: false,
  muted: false,
  seek,
  toggle: vi.fn(),
  pause: vi.fn(),
  toggleSound: vi.fn(),
  screen: { ref: vi.fn(), muted: false, onPlay: vi.fn(), onPause: vi.fn(), onTimeUpdate: vi.fn(), onSeeked: vi.fn() },
});

describe("verdict", () => {
  it("says the label, the probability and the band", () => {
    show(<VerdictPanel result={result} />);
    expect(screen.getByRole("heading", { name: "Deepfake" })).toBeTruthy();
    expect(screen.getByRole("img", { name: /88% likely to be fake.*40% and 60%/ })).toBeTruthy();
    expect(screen.getByText(/traces of blending/)).toBeTruthy();
  });
  it("treats inconclusive as an outcome of its own and tells which way it leans", () => {
    show(<VerdictPanel result={{ ...result, inconclusive: true, probability: 0.55 }} />);
    expect(screen.getByRole("heading", { name: texts.verdicts.inconclusive })).toBeTruthy();
    expect(screen.getByText(/leans deepfake at 55%/)).toBeTruthy();
  });
  it("shows no probability where nothing could be judged", () => {
    show(<VerdictPanel result={{ ...result, inconclusive: true, probability: 0.5, contributions: {} }} />);
    expect(screen.getByText(texts.result.sentence.unseen)).toBeTruthy();
    expect(screen.queryByText("50%", { selector: ".text-xl" })).toBeNull();
  });
  it("says that deeper checks did not run after an early exit", () => {
    show(<VerdictPanel result={{ ...result, earlyExit: true }} />);
    expect(screen.getByText(/deeper checks did not run/)).toBeTruthy();
  });
});

describe("waterfall", () => {
  it("is a table whose rows add up, switched between checks and measurements", async () => {
    show(<Waterfall result={result} />);
    const rows = () => screen.getAllByRole("row").map((row) => row.getAttribute("data-part"));
    expect(rows()).toContain("visual");
    await userEvent.click(screen.getByRole("button", { name: texts.waterfall.byMeasure }));
    expect(rows()).toContain("visual_prob_max");
    expect(within(screen.getByRole("row", { name: /^Result/ })).getByText("+2.00")).toBeTruthy();
  });
});

describe("comparison", () => {
  it("sets both clips beside one another, and says where one could not be judged", () => {
    const other: Result = { ...result, probability: 0.3, branches: result.branches.filter(({ name }) => name !== "audio") };
    show(<Differences names={["a.mp4", "b.mp4"]} results={[result, other]} />);
    expect(screen.getByRole("row", { name: /Probability of being fake 88% 30% −58/ })).toBeTruthy();
    expect(screen.getByRole("row", { name: /Voice 40% cannot tell/ })).toBeTruthy();
  });
});

describe("checks", () => {
  it("gives each its score, or its reason for having none", () => {
    show(<BranchCards result={result} />);
    const card = (name: string) => within(screen.getByRole("heading", { name }).closest("li") ?? document.body);
    expect(card("Face").getByText("moved the verdict by +2.70")).toBeTruthy();
    expect(card("Face").getByText("Face 2")).toBeTruthy();
    expect(card("Motion").getByText("Too short to judge motion.")).toBeTruthy();
    expect(card("Lip-sync").getByText(/trail the voice by 5 frames \(200 ms\)/)).toBeTruthy();
  });
});

describe("pipeline", () => {
  const state = (name: string) => document.querySelector(`[data-step="${name}"]`)?.getAttribute("data-state");
  it("draws the states that were told, and the words of one that cannot tell", () => {
    show(<Pipeline steps={steps({ ingest: "done", gate: "running", visual: "abstained" })} />);
    expect([state("ingest"), state("gate"), state("visual"), state("fusion")]).toEqual(["done", "running", "abstained", "waiting"]);
    expect(screen.getByText("No face was found.")).toBeTruthy();
    expect(screen.getByText("1.2 s")).toBeTruthy();
  });
  it("says so when the patch check was enough, and only then", () => {
    const exit = steps({ ingest: "done", gate: "done", visual: "skipped", temporal: "skipped", audio: "skipped", sync: "skipped", fusion: "done" });
    const { rerender } = render(<Pipeline steps={exit} />);
    expect(screen.getByText(texts.pipeline.earlyExit)).toBeTruthy();
    expect(screen.getAllByText(texts.stepStates.skipped)).toHaveLength(4);
    rerender(<Pipeline steps={steps({ ingest: "done", gate: "skipped", visual: "skipped", fusion: "skipped" })} />);
    expect(screen.queryByText(texts.pipeline.earlyExit)).toBeNull();
    expect(screen.getAllByText(texts.pipeline.notDone)).toHaveLength(3);
    expect(isEarlyExit([])).toBe(false);
  });
});

describe("timeline", () => {
  it("goes to a moment by click", async () => {
    const seek = vi.fn();
    show(<Timeline name="clip.mp4" result={result} playhead={playhead(seek)} track={null} onTrack={vi.fn()} />);
    await userEvent.click(screen.getByRole("button", { name: /^Voice, 0:00.5 to/ }));
    expect(seek).toHaveBeenCalledWith(0.5);
  });
  it("is one tab stop, walked with the arrow keys", async () => {
    const seek = vi.fn();
    show(<Timeline name="clip.mp4" result={{ ...result, faces: [] }} playhead={playhead(seek)} track={null} onTrack={vi.fn()} />);
    await userEvent.tab();
    await userEvent.keyboard("{ArrowDown}{ArrowRight}{ArrowRight}{Enter}");
    expect(document.activeElement?.getAttribute("data-cell")).toBe("1-2");
    expect(seek).toHaveBeenCalledWith(1);
    await userEvent.keyboard("{End}{ArrowRight}");
    expect(document.activeElement?.getAttribute("data-cell")).toBe("1-3");
  });
  it("offers a choice of face where there are several", async () => {
    const onTrack = vi.fn();
    show(<Timeline name="clip.mp4" result={result} playhead={playhead()} track={null} onTrack={onTrack} />);
    await userEvent.selectOptions(screen.getByRole("combobox"), "Face 2");
    expect(onTrack).toHaveBeenCalledWith(1);
  });
});

describe("player", () => {
  it("frames every face in view, or the chosen one", () => {
    const faces = () => [...document.querySelectorAll("[data-face]")].map((face) => face.getAttribute("data-face"));
    const { unmount } = show(<Player id="x" name="clip.mp4" result={result} faces={result.faces} playhead={{ ...playhead(), timeS: 0 }} track={null} />);
    expect(faces()).toEqual(["0", "1"]);
    unmount();
    show(<Player id="x" name="clip.mp4" result={result} faces={result.faces} playhead={{ ...playhead(), timeS: 0 }} track={1} />);
    expect(faces()).toEqual(["1"]);
  });
  it("turns to the playable copy, then says that the clip cannot be played", () => {
    show(<Player id="x" name="clip.mp4" result={result} faces={[]} playhead={playhead()} track={null} />);
    const video = () => document.querySelector("video");
    expect(video()?.getAttribute("src")).toBe("/analyses/x/media");
    fireEvent.error(video() as HTMLVideoElement);
    expect(video()?.getAttribute("src")).toBe("/analyses/x/media?playable=true");
    fireEvent.error(video() as HTMLVideoElement);
    expect(screen.getByText(texts.player.unplayable)).toBeTruthy();
  });
  it("shows the heat map at its own moment", async () => {
    const seek = vi.fn();
    show(<Player id="x" name="clip.mp4" result={result} faces={[]} playhead={playhead(seek)} track={null} />);
    await userEvent.click(screen.getByRole("button", { name: texts.player.heat }));
    expect(seek).toHaveBeenCalledWith(0.5);
  });
  it("offers no sound button for a clip without sound", () => {
    const mute: Result = { ...result, clip: { ...result.clip, hasAudio: false } };
    show(<Player id="x" name="clip.mp4" result={mute} faces={[]} playhead={playhead()} track={null} />);
    expect(screen.queryByRole("button", { name: texts.player.mute })).toBeNull();
  });
});

describe("lip-sync curve", () => {
  it("names its peak", () => {
    render(<SyncCurve curve={[0.1, 0.2, 0.3, 0.2, 0.9]} certain />);
    expect(screen.getByRole("img", { name: /peak is at 2 frames/ })).toBeTruthy();
  });
});

describe("errors", () => {
  it("say what to do, when to try again, and the service's own words", () => {
    render(<ProblemNote error={new ApiError(429, "queue_full", "12 clips are waiting already.", 30)} />);
    expect(screen.getByRole("alert").textContent).toMatch(/send it again in a little while.*30 seconds.*queue_full.*12 clips/);
  });
  it("give the service's words for a code that the page does not know", () => {
    render(<ProblemNote error={new ApiError(418, "teapot", "Use a kettle.")} />);
    expect(screen.getByRole("alert").textContent).toContain("Use a kettle.");
  });
});

describe("drop zone", () => {
  const file = new File(["x"], "clip.mp4", { type: "video/mp4" });
  it("takes chosen, dropped and pasted files", async () => {
    const onFiles = vi.fn();
    render(<DropZone onFiles={onFiles} />);
    await userEvent.upload(screen.getByLabelText(/choose files/), [file, file]);
    expect(onFiles).toHaveBeenLastCalledWith([file, file]);
    fireEvent.drop(window, { dataTransfer: { files: [file], types: ["Files"] } });
    fireEvent.paste(window, { clipboardData: { files: [file] } });
    expect(onFiles).toHaveBeenCalledTimes(3);
  });
  it("says so while a clip is held over the page", () => {
    render(<DropZone onFiles={vi.fn()} />);
    fireEvent.dragEnter(window, { dataTransfer: { types: ["Files"] } });
    expect(screen.getByText(texts.analyse.dropNow)).toBeTruthy();
    fireEvent.dragLeave(window, { dataTransfer: { types: ["Files"] } });
    expect(screen.getByText(texts.analyse.drop)).toBeTruthy();
  });
});
