import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import { api } from "@/api";
import type { AnalysisStatus } from "@/contract";
import { follow } from "@/events";

const POLL_MS = 1000;

export const statusKey = (id: string) => ["status", id] as const;

/** One analysis, kept current until it ends: pushed by the service, or polled where pushing breaks off. */
export function useAnalysis(id: string, pushed = true) {
  const client = useQueryClient();
  const [broken, setBroken] = useState(!pushed);
  const query = useQuery({
    queryKey: statusKey(id),
    queryFn: ({ signal }) => api.status(id, signal),
    refetchInterval: ({ state }) => (state.data?.status === "processing" && broken ? POLL_MS : false),
    staleTime: ({ state }) => (state.data && state.data.status !== "processing" ? Infinity : 0),
  });
  const running = query.data?.status === "processing";

  useEffect(() => {
    if (!running || broken) return;
    const stop = new AbortController();
    const put = (status: AnalysisStatus) => client.setQueryData(statusKey(id), status);
    follow(id, put, stop.signal)
      .then((ended) => {
        if (!stop.signal.aborted) setBroken(!ended);
      })
      .catch(() => {
        if (!stop.signal.aborted) setBroken(true);
      });
    return () => stop.abort();
  }, [client, id, running, broken]);

  return query;
}
