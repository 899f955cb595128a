import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { ApiError } from "@/api";
import { App } from "@/app";
import "@/styles.css";

const MOST_RETRIES = 2;

/** What the service refused stays refused; what did not get through is worth another try. */
const worthRetrying = (count: number, error: Error): boolean =>
  count < MOST_RETRIES && !(error instanceof ApiError && error.status >= 400 && error.status < 500);

const client = new QueryClient({ defaultOptions: { queries: { retry: worthRetrying, refetchOnWindowFocus: false, staleTime: 2_000 } } });
const root = document.getElementById("root");

if (root) {
  createRoot(root).render(
    <StrictMode>
      <QueryClientProvider client={client}>
        <App />
      </QueryClientProvider>
    </StrictMode>,
  );
}
