import { useEffect } from "react";
import { texts } from "@/texts";

/** Names the page in the browser's tab. */
export function useTitle(title: string): void {
  useEffect(() => {
    document.title = `${title} · ${texts.name}`;
  }, [title]);
}
