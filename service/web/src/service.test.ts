/** How the page talks to the service: keys, errors, events, sending. */

import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { currentKey, setKey } from "@/access";
import { api, ApiError, historyPath, toError } from "@/api";
import type { AnalysisStatus } from "@/contract";
import { follow } from "@/events";
import { status } from "@/fixtures";

const answer = (body: BodyInit | null, init?: ResponseInit) => vi.spyOn(globalThis, "fetch").mockResolvedValue(new Response(body, init));

beforeEach(() => setKey(null));
afterEach(() => setKey(null));

describe("keys", () => {
  it("go out with every request once one is set, and stay in this tab", async () => {
    const fetched = answer("{}");
    await api.health();
    expect(fetched.mock.lastCall?.[1]?.headers).toEqual({});
    setKey("vc_1_2");
    answer("{}");
    await api.health();
    expect(fetched.mock.lastCall?.[1]?.headers).toEqual({ Authorization: "Bearer vc_1_2" });
    expect(sessionStorage.getItem("vericlip-key")).toBe("vc_1_2");
    expect(localStorage.length).toBe(0);
    setKey(null);
    expect(currentKey()).toBeNull();
  });
});

describe("errors", () => {
  it("carry the problem's code, words and time to wait", async () => {
    answer(JSON.stringify({ code: "queue_full", detail: "Full." }), { status: 429, headers: { "Retry-After": "7" } });
    const error: unknown = await api.health().catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(ApiError);
    expect(error).toMatchObject({ status: 429, code: "queue_full", message: "Full.", retryAfterS: 7 });
  });
  it("have a code even where the service could not be reached or gave no problem", async () => {
    vi.spyOn(globalThis, "fetch").mockRejectedValue(new TypeError("refused"));
    await expect(api.health()).rejects.toMatchObject({ code: "offline" });
    expect(toError(502, "<html>", null)).toMatchObject({ code: "internal_error" });
    expect(toError(401, "", null)).toMatchObject({ code: "unauthorized" });
  });
});

describe("history", () => {
  it("asks only for what is filtered", () => {
    expect(historyPath({ q: "a b", verdict: "", since: undefined }, null, 24)).toBe("/analyses?limit=24&q=a+b");
    expect(historyPath({ inconclusive: "true" }, "c1", 24)).toBe("/analyses?limit=24&inconclusive=true&cursor=c1");
  });
});

describe("events", () => {
  const event = (id: number, body: AnalysisStatus) => `id: ${id}\nevent: progress\ndata: ${JSON.stringify(body)}\n\n`;
  it("are followed to the last, past heartbeats and broken pieces", async () => {
    const text = `: heartbeat\n\n${event(1, { ...status, status: "processing", percent: 40 })}${event(2, status)}`;
    const [first, second] = [text.slice(0, 57), text.slice(57)];
    const pieces = new ReadableStream<Uint8Array<ArrayBuffer>>({
      start(controller) {
        for (const piece of [first, second]) controller.enqueue(new TextEncoder().encode(piece));
        controller.close();
      },
    });
    answer(pieces);
    const seen: number[] = [];
    expect(await follow("1", ({ percent }) => seen.push(percent), new AbortController().signal)).toBe(true);
    expect(seen).toEqual([40, 100]);
  });
  it("that break off before the end are told as such", async () => {
    answer(event(1, { ...status, status: "processing" }));
    expect(await follow("1", () => undefined, new AbortController().signal)).toBe(false);
  });
});
