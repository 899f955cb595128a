/** Numbers and times as they are written on the page. */

import { texts } from "@/texts";

const UNITS: [Intl.RelativeTimeFormatUnit, number][] = [
  ["day", 86_400],
  ["hour", 3_600],
  ["minute", 60],
];
const LONG_AGO_S = 7 * 86_400;

export const percent = (share: number, digits = 0): string => `${(share * 100).toFixed(digits)}%`;

/** "+0.42", "−1.30": with a real minus sign, so that columns of figures line up. */
export function signed(value: number, digits = 2): string {
  const rounded = Math.abs(value) < 0.5 * 10 ** -digits ? 0 : value;
  return `${rounded < 0 ? "−" : rounded > 0 ? "+" : "±"}${Math.abs(rounded).toFixed(digits)}`;
}

/** "0:07.4" */
export function clock(seconds: number): string {
  const tenths = Math.max(0, Math.round(seconds * 10));
  return `${Math.floor(tenths / 600)}:${((tenths % 600) / 10).toFixed(1).padStart(4, "0")}`;
}

export function when(iso: string): string {
  return new Intl.DateTimeFormat(texts.time.locale, { dateStyle: "medium", timeStyle: "short" }).format(new Date(iso));
}

/** "5 minutes ago"; the date once that is a week or more. */
export function ago(iso: string, now = Date.now()): string {
  const seconds = (now - Date.parse(iso)) / 1000;
  if (seconds > LONG_AGO_S) return when(iso);
  const [unit, length] = UNITS.find(([, size]) => seconds >= size) ?? ["second", 1];
  return texts.time.ago(-Math.max(0, Math.floor(seconds / length)), unit);
}

export function bitrate(bitsPerSecond: number): string {
  return bitsPerSecond >= 1e6 ? `${(bitsPerSecond / 1e6).toFixed(1)} Mbit/s` : `${Math.round(bitsPerSecond / 1e3)} kbit/s`;
}

export const fileName = (name: string | null | undefined): string => name?.trim() || texts.actions.unnamed;
