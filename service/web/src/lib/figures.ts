/** The figures that the manifest keeps of a network, flattened for showing. */

export interface Figure {
  /** The keys that lead to it, such as ["held_out", "auc"]. */
  path: string[];
  value: number;
  /** Lower and upper end of its confidence interval, where one was measured. */
  interval: [number, number] | null;
}

const isNumber = (value: unknown): value is number => typeof value === "number" && Number.isFinite(value);

/** Every number in a tree of figures; a triple is a value with its interval. */
export function figuresOf(tree: unknown, path: string[] = []): Figure[] {
  if (isNumber(tree)) return [{ path, value: tree, interval: null }];
  if (Array.isArray(tree)) {
    const [value, low, high] = tree as unknown[];
    return tree.length === 3 && isNumber(value) && isNumber(low) && isNumber(high) ? [{ path, value, interval: [low, high] }] : [];
  }
  if (typeof tree !== "object" || tree === null) return [];
  return Object.entries(tree).flatMap(([key, value]) => figuresOf(value, [...path, key]));
}

const AUC = /(^|_)auc(_|$)/;
const DEEPEST = 2;

/** What tells at a glance how good a network is: its areas under the curve, where chance is one half, of one group. */
export function headline(figures: Figure[]): Figure[] {
  const areas = figures.filter(({ path, value }) => path.length <= DEEPEST && AUC.test(path.at(-1) ?? "") && value >= 0 && value <= 1);
  const groupOf = ({ path }: Figure) => path.slice(0, -1).join(".");
  return areas.filter((area) => areas[0] && groupOf(area) === groupOf(areas[0]));
}

/** "held_out.auc_shift_2" as people read it: "AUC, shift 2". */
export function figureName(path: string[]): string {
  const last = path.at(-1) ?? "";
  const words = last.replaceAll("_", " ").replace(/\bauc\b/, "AUC").replace(/\beer\b/, "EER").replace(/\bece\b/, "ECE").trim();
  return words.startsWith("AUC ") ? `AUC, ${words.slice(4)}` : words.charAt(0).toUpperCase() + words.slice(1);
}
