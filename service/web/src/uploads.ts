/** The clips being sent from this tab. Kept outside the pages, so that going elsewhere does not stop a sending. */

import { useSyncExternalStore } from "react";
import { ApiError } from "@/api";
import { type Upload, upload } from "@/upload";

const AT_ONCE = 2;
const STORED_AS = "vericlip-sent";

export type Sending =
  | { key: string; name: string; phase: "waiting"; file: File }
  | { key: string; name: string; phase: "sending"; file: File; share: number }
  | { key: string; name: string; phase: "sent"; id: string; reused?: boolean }
  | { key: string; name: string; phase: "failed"; file: File; error: ApiError };

let queue: Sending[] = restored();
const running = new Map<string, Upload>();
const listeners = new Set<() => void>();

/** What was sent before a reload is still being analysed, so it is still shown. */
function restored(): Sending[] {
  try {
    const kept = JSON.parse(sessionStorage.getItem(STORED_AS) ?? "[]") as { id: string; name: string }[];
    return kept.map(({ id, name }) => ({ key: id, id, name, phase: "sent" }));
  } catch {
    return [];
  }
}

function change(next: Sending[]): void {
  queue = next;
  try {
    const sent = queue.flatMap((item) => (item.phase === "sent" ? [{ id: item.id, name: item.name }] : []));
    sessionStorage.setItem(STORED_AS, JSON.stringify(sent));
  } catch {
    // Forbidden storage: a reload then forgets the list, not the analyses.
  }
  for (const listener of listeners) listener();
}

const replace = (key: string, next: Sending): void => change(queue.map((item) => (item.key === key ? next : item)));

function start(item: Extract<Sending, { phase: "waiting" }>): void {
  const { key, name, file } = item;
  replace(key, { key, name, file, phase: "sending", share: 0 });
  const sending = upload(file, (share) => replace(key, { key, name, file, phase: "sending", share }));
  running.set(key, sending);
  sending.done
    .then(({ analysisId, reused }) => replace(key, { key, name, phase: "sent", id: analysisId, reused: reused ?? false }))
    .catch((reason: unknown) => {
      const error = reason instanceof ApiError ? reason : new ApiError(0, "internal_error", String(reason));
      if (error.code === "aborted") dismiss(key);
      else replace(key, { key, name, file, phase: "failed", error });
    })
    .finally(() => {
      running.delete(key);
      startNext();
    });
}

function startNext(): void {
  for (const item of queue) {
    if (running.size >= AT_ONCE) return;
    if (item.phase === "waiting") start(item);
  }
}

/** Puts files into the queue; returns their keys. */
export function send(files: readonly File[]): string[] {
  const added = files.map((file): Sending => ({ key: crypto.randomUUID(), name: file.name, phase: "waiting", file }));
  change([...added, ...queue]);
  startNext();
  return added.map((item) => item.key);
}

export function retry(key: string): void {
  const item = queue.find((candidate) => candidate.key === key);
  if (item?.phase !== "failed") return;
  replace(key, { key, name: item.name, phase: "waiting", file: item.file });
  startNext();
}

/** Takes a clip off the list; one that is being sent is stopped first. */
export function dismiss(key: string): void {
  const sending = running.get(key);
  if (sending) {
    running.delete(key);
    sending.abort();
  }
  change(queue.filter((item) => item.key !== key));
}

/** Takes an analysis off the list that was erased elsewhere on the page. */
export const forget = (id: string): void => change(queue.filter((item) => item.phase !== "sent" || item.id !== id));

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

export function useUploads(): Sending[] {
  return useSyncExternalStore(subscribe, () => queue);
}
