/** Progress as the service pushes it. Read with fetch, since EventSource cannot send an API key. */

import { createParser } from "eventsource-parser";
import { paths, request } from "@/api";
import type { AnalysisStatus } from "@/contract";

/** Follows one analysis until it ends. Resolves true if a last event was seen, false if the stream broke off. */
export async function follow(id: string, onStatus: (status: AnalysisStatus) => void, signal: AbortSignal): Promise<boolean> {
  const seen = { last: false };
  const parser = createParser({
    onEvent: (event) => {
      const status = JSON.parse(event.data) as AnalysisStatus;
      seen.last = status.status !== "processing";
      onStatus(status);
    },
  });
  const response = await request(paths.events(id), { headers: { Accept: "text/event-stream" }, signal });
  const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
  while (reader && !seen.last) {
    const { value, done } = await reader.read();
    if (done) break;
    parser.feed(value);
  }
  await reader?.cancel();
  return seen.last;
}
