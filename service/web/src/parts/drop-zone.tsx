import { type ChangeEvent, useEffect, useEffectEvent, useState } from "react";
import { texts } from "@/texts";

const ACCEPT = "video/*,.mp4,.mov,.mkv,.webm,.avi,.mpg,.mpeg,.3gp,.m4v";
const CORNERS = ["top-0 left-0 border-t-2 border-l-2", "top-0 right-0 border-t-2 border-r-2", "right-0 bottom-0 border-r-2 border-b-2", "bottom-0 left-0 border-b-2 border-l-2"];

/** Takes clips that are dropped anywhere on the page, pasted, or chosen. */
export function DropZone({ onFiles }: { onFiles: (files: File[]) => void }) {
  const over = useDroppedFiles(onFiles);
  const t = texts.analyse;
  const choose = (event: ChangeEvent<HTMLInputElement>) => {
    onFiles([...(event.target.files ?? [])]);
    event.target.value = "";
  };
  return (
    <label
      data-over={over}
      className="group relative grid min-h-72 place-items-center rounded-2xl bg-surface p-8 text-center transition-colors hover:bg-sunken/60 has-focus-visible:outline-2 has-focus-visible:outline-offset-4 has-focus-visible:outline-focus data-[over=true]:bg-sunken sm:min-h-96"
    >
      <input type="file" multiple accept={ACCEPT} onChange={choose} className="sr-only" aria-describedby="formats" />
      <Brackets />
      <span className="grid justify-items-center gap-4">
        <span className="text-2xl font-semibold tracking-tight">{over ? t.dropNow : t.drop}</span>
        <span className="flex flex-wrap items-center justify-center gap-3 text-ink-2">
          {t.or} <span className="key key-strong">{t.choose}</span>
        </span>
        <span id="formats" className="max-w-sm text-sm text-ink-3">
          {t.formats} {t.stays}
        </span>
      </span>
    </label>
  );
}

/** The viewfinder's corners: they close in while a clip is held over the page. */
function Brackets() {
  return (
    <span className="pointer-events-none absolute inset-5 text-line-strong transition-[inset,color] duration-200 group-hover:text-ink group-data-[over=true]:inset-9 group-data-[over=true]:text-ink" aria-hidden="true">
      {CORNERS.map((corner) => (
        <span key={corner} className={`absolute size-9 border-current ${corner}`} />
      ))}
    </span>
  );
}

function useDroppedFiles(onFiles: (files: File[]) => void): boolean {
  const [depth, setDepth] = useState(0);
  const take = useEffectEvent((files: FileList | undefined) => {
    if (files?.length) onFiles([...files]);
  });
  useEffect(() => {
    const stop = new AbortController();
    const holdsFiles = (event: DragEvent) => event.dataTransfer?.types.includes("Files") ?? false;
    const listen = <K extends keyof WindowEventMap>(name: K, react: (event: WindowEventMap[K]) => void) =>
      window.addEventListener(name, react, { signal: stop.signal });

    listen("dragenter", (event) => holdsFiles(event) && setDepth((value) => value + 1));
    listen("dragleave", (event) => holdsFiles(event) && setDepth((value) => Math.max(0, value - 1)));
    listen("dragover", (event) => event.preventDefault());
    listen("drop", (event) => {
      event.preventDefault();
      setDepth(0);
      take(event.dataTransfer?.files);
    });
    listen("paste", (event) => take(event.clipboardData?.files));
    return () => stop.abort();
  }, []);
  return depth > 0;
}
