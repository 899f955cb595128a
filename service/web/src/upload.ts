/** Sending one clip. XMLHttpRequest, because fetch does not tell how much of a body has been sent. */

import { ApiError, authorisation, toError } from "@/api";
import type { AnalysisStatus } from "@/contract";

export interface Upload {
  done: Promise<AnalysisStatus>;
  abort: () => void;
}

/** Starts sending; `onProgress` gets the share of the bytes that have left, 0 to 1. */
export function upload(file: File, onProgress: (share: number) => void): Upload {
  const http = new XMLHttpRequest();
  const done = new Promise<AnalysisStatus>((resolve, reject) => {
    http.open("POST", "/analyze");
    for (const [name, value] of Object.entries(authorisation())) http.setRequestHeader(name, value);
    http.upload.onprogress = (event) => {
      if (event.lengthComputable) onProgress(event.loaded / event.total);
    };
    http.onload = () => {
      if (http.status >= 200 && http.status < 300) resolve(JSON.parse(http.responseText) as AnalysisStatus);
      else reject(toError(http.status, http.responseText, http.getResponseHeader("Retry-After")));
    };
    http.onerror = () => reject(new ApiError(0, "offline", ""));
    http.onabort = () => reject(new ApiError(0, "aborted", ""));
    const form = new FormData();
    form.append("file", file, file.name);
    http.send(form);
  });
  return { done, abort: () => http.abort() };
}
