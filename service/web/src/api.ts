/** Calls of the public HTTP API. Every failure is an ApiError that carries the service's own problem. */

import { currentKey, refuse } from "@/access";
import type { AnalysisPage, AnalysisStatus, EvidenceList, FacePaths, Problem } from "@/contract";
import type { Health, ModelList } from "@/contract-system";

export class ApiError extends Error {
  readonly status: number;
  readonly code: string;
  readonly retryAfterS: number | null;

  constructor(status: number, code: string, detail: string, retryAfterS: number | null = null) {
    super(detail);
    this.name = "ApiError";
    this.status = status;
    this.code = code;
    this.retryAfterS = retryAfterS;
  }
}

export function authorisation(): Record<string, string> {
  const key = currentKey();
  return key ? { Authorization: `Bearer ${key}` } : {};
}

/** Turns the body of a failed response into an error, and asks for a key where that is what is missing. */
export function toError(status: number, body: string, retryAfter: string | null): ApiError {
  if (status === 401) refuse();
  const problem = parseProblem(body);
  const seconds = retryAfter === null ? NaN : Number(retryAfter);
  const code = problem?.code ?? (status === 401 ? "unauthorized" : "internal_error");
  return new ApiError(status, code, problem?.detail ?? "", Number.isFinite(seconds) ? seconds : null);
}

function parseProblem(body: string): Problem | null {
  try {
    return JSON.parse(body) as Problem;
  } catch {
    return null;
  }
}

export async function request(path: string, init: RequestInit = {}): Promise<Response> {
  let response: Response;
  try {
    response = await fetch(path, { ...init, headers: { ...authorisation(), ...(init.headers as Record<string, string> | undefined) } });
  } catch (error) {
    if (init.signal?.aborted) throw error;
    throw new ApiError(0, "offline", "");
  }
  if (!response.ok) throw toError(response.status, await response.text(), response.headers.get("Retry-After"));
  return response;
}

async function json<T>(path: string, init?: RequestInit): Promise<T> {
  return (await (await request(path, init)).json()) as T;
}

export interface HistoryFilter {
  q?: string;
  verdict?: string;
  inconclusive?: "true" | "false";
  status?: string;
  since?: string;
  until?: string;
}

export function historyPath(filter: HistoryFilter, cursor: string | null, limit: number): string {
  const query = new URLSearchParams({ limit: String(limit) });
  for (const [name, value] of Object.entries(filter)) if (value) query.set(name, value as string);
  if (cursor) query.set("cursor", cursor);
  return `/analyses?${query}`;
}

export const paths = {
  status: (id: string) => `/status/${id}`,
  events: (id: string) => `/status/${id}/events`,
  media: (id: string, playable: boolean) => `/analyses/${id}/media${playable ? "?playable=true" : ""}`,
  thumbnail: (id: string) => `/analyses/${id}/thumbnail.jpg`,
  report: (id: string, format: "html" | "pdf" | "json") => `/report/${id}${format === "html" ? "" : `.${format}`}`,
};

export const api = {
  status: (id: string, signal?: AbortSignal) => json<AnalysisStatus>(paths.status(id), { signal }),
  history: (filter: HistoryFilter, cursor: string | null, limit = 24, signal?: AbortSignal) =>
    json<AnalysisPage>(historyPath(filter, cursor, limit), { signal }),
  evidence: (id: string, signal?: AbortSignal) => json<EvidenceList>(`/analyses/${id}/evidence`, { signal }),
  cancelOrErase: (id: string) => request(`/analyze/${id}`, { method: "DELETE" }),
  rerun: (id: string) => json<AnalysisStatus>(`/analyses/${id}/rerun`, { method: "POST" }),
  health: (signal?: AbortSignal) => json<Health>("/health", { signal }),
  models: (signal?: AbortSignal) => json<ModelList>("/models", { signal }),
  faces: (id: string, signal?: AbortSignal) => json<FacePaths>(`/analyses/${id}/evidence/faces.json`, { signal }),
  blob: async (path: string, signal?: AbortSignal) => (await request(path, { signal })).blob(),
};
