/** The patch heat map as a picture: black over dark red and orange to pale yellow, so that brightness alone tells it. */

const STOPS: [number, number, number][] = [
  [0, 0, 4],
  [87, 16, 110],
  [188, 55, 84],
  [249, 142, 9],
  [252, 255, 164],
];

/** Colour of a value in [0, 1]: five stops of the inferno scale, red, green and blue. */
export function inferno(value: number): [number, number, number] {
  const at = Math.min(Math.max(value, 0), 1) * (STOPS.length - 1);
  const low = Math.min(Math.floor(at), STOPS.length - 2);
  const [a, b, share] = [STOPS[low] ?? [0, 0, 0], STOPS[low + 1] ?? [0, 0, 0], at - low];
  return [0, 1, 2].map((channel) => Math.round((a[channel] ?? 0) + ((b[channel] ?? 0) - (a[channel] ?? 0)) * share)) as [number, number, number];
}

const drawn = new WeakMap<number[][], string>();

/** A data URL of one pixel a cell; the browser smooths it when it is shown larger. */
export function heatmapUrl(rows: number[][]): string {
  const known = drawn.get(rows);
  if (known !== undefined) return known;
  const canvas = document.createElement("canvas");
  canvas.height = rows.length;
  canvas.width = rows[0]?.length ?? 0;
  const context = canvas.getContext("2d");
  if (!context || canvas.width === 0) return "";
  const picture = context.createImageData(canvas.width, canvas.height);
  picture.data.set(rows.flatMap((row) => row.flatMap((value) => [...inferno(value), 255])));
  context.putImageData(picture, 0, 0);
  const url = canvas.toDataURL();
  drawn.set(rows, url);
  return url;
}
