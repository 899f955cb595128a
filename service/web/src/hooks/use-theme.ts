import { useState } from "react";

export type Theme = "auto" | "light" | "dark";
const STORED_AS = "vericlip-theme";
const NEXT: Record<Theme, Theme> = { auto: "light", light: "dark", dark: "auto" };

function chosen(): Theme {
  const set = document.documentElement.dataset.theme;
  return set === "light" || set === "dark" ? set : "auto";
}

/** The chosen theme, and the step to the next. */
export function useTheme(): [Theme, () => void] {
  const [theme, setTheme] = useState<Theme>(chosen);
  const step = () => {
    const next = NEXT[theme];
    if (next === "auto") delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = next;
    try {
      if (next === "auto") localStorage.removeItem(STORED_AS);
      else localStorage.setItem(STORED_AS, next);
    } catch {
      // Forbidden storage: the choice then lasts until the page is reloaded.
    }
    setTheme(next);
  };
  return [theme, step];
}
