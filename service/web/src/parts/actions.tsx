import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useLocation } from "wouter";
import { api, paths } from "@/api";
import { useAccess } from "@/access";
import { fileName } from "@/lib/format";
import { Dialog } from "@/parts/dialog";
import { AgainIcon, TrashIcon } from "@/parts/icons";
import { adviceOn } from "@/parts/problem-note";
import { texts } from "@/texts";
import { forget } from "@/uploads";

const FORMATS = [
  { format: "html", name: texts.actions.reportSave },
  { format: "pdf", name: texts.actions.reportPdf },
  { format: "json", name: texts.actions.reportJson },
] as const;
const HELD_MS = 60_000;

/** Saves what only a request with the key may fetch. */
async function keep(path: string, save: string): Promise<void> {
  const url = URL.createObjectURL(await api.blob(path));
  const link = document.createElement("a");
  link.href = url;
  link.download = save;
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), HELD_MS);
}

/** The report in its three forms, and to be read here, which takes a link and so cannot send a key. */
export function ReportButtons({ id, filename }: { id: string; filename: string | null | undefined }) {
  const { key } = useAccess();
  const t = texts.actions;
  const fetched = useMutation({ mutationFn: ({ path, save }: { path: string; save: string }) => keep(path, save) });
  const stem = fileName(filename).replace(/\.[^.]+$/, "");
  const link = (path: string, save: string | null, name: string, label: string, strong = false) => (
    <a
      key={name}
      href={path}
      aria-label={label}
      title={label}
      className={`key ${strong ? "key-strong" : ""}`}
      {...(save === null ? { target: "_blank", rel: "noopener" } : { download: save })}
      onClick={(event) => {
        if (key === null || save === null) return;
        event.preventDefault();
        fetched.mutate({ path, save });
      }}
    >
      {name}
    </a>
  );
  return (
    <div role="group" aria-label={t.report} className="flex flex-wrap items-center gap-2">
      {key === null && link(paths.report(id, "html"), null, t.reportHtml, t.reportHtml, true)}
      <span className="joined">
        {FORMATS.map(({ format, name }) => link(`${paths.report(id, format)}?download=true`, `vericlip-${stem}.${format}`, name, `${t.download}: ${name}`))}
      </span>
      {fetched.isError && (
        <p role="alert" className="w-full text-sm text-deepfake">
          {adviceOn(fetched.error)}
        </p>
      )}
    </div>
  );
}

interface Props {
  id: string;
  filename: string | null | undefined;
  onErased: () => void;
  /** Small round buttons with names for screen readers only. */
  compact?: boolean;
}

/** Analyse again, erase. */
export function AnalysisActions({ id, filename, onErased, compact = false }: Props) {
  const [asking, setAsking] = useState(false);
  const [, navigate] = useLocation();
  const client = useQueryClient();
  const t = texts.actions;
  const refresh = () => client.invalidateQueries({ queryKey: ["history"] });
  const rerun = useMutation({ mutationFn: () => api.rerun(id), onSuccess: ({ analysisId }) => navigate(`/clip/${analysisId}`), onSettled: refresh });
  const erase = useMutation({
    mutationFn: () => api.cancelOrErase(id),
    onSuccess: () => {
      setAsking(false);
      forget(id);
      onErased();
      return refresh();
    },
  });
  const name = fileName(filename);
  const look = compact ? "key size-9 !min-h-0 !p-0" : "key";
  const error = rerun.error ?? erase.error;
  return (
    <>
      <div className="flex flex-wrap gap-2" role="group" aria-label={`${t.label}: ${name}`}>
        <button type="button" className={look} disabled={rerun.isPending} aria-label={`${t.rerun}: ${name}`} title={t.rerun} onClick={() => rerun.mutate()}>
          <AgainIcon className="size-4.5" /> {!compact && t.rerun}
        </button>
        <button type="button" className={look} aria-label={`${t.erase}: ${name}`} title={t.erase} onClick={() => setAsking(true)}>
          <TrashIcon className="size-4.5" /> {!compact && t.erase}
        </button>
      </div>
      {error && (
        <p role="alert" className="mt-2 w-full text-sm text-deepfake">
          {adviceOn(error)}
        </p>
      )}
      <Dialog open={asking} onClose={() => setAsking(false)} title={t.eraseTitle}>
        <p className="mt-2 break-words text-ink-2">{t.eraseBody(name)}</p>
        <div className="mt-5 flex flex-wrap gap-2">
          <button type="button" className="key key-danger" disabled={erase.isPending} onClick={() => erase.mutate()}>
            {t.eraseYes}
          </button>
          <button type="button" className="key" onClick={() => setAsking(false)}>
            {t.keep}
          </button>
        </div>
      </Dialog>
    </>
  );
}

