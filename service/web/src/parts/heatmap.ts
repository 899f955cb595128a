/** The patch heat map as a picture, in the colours of the service's own: teal for a camera's, pale at one half, vermilion for a machine's. */

const STOPS: [number, number, number][] = [
  [11, 98, 90],
  [108, 181, 170],
  [246, 246, 243],
  [236, 144, 117],
  [176, 48, 20],
];

/** Colour of a probability: red, green and blue, even between five stops. */
export function heatColour(value: number): [number, number, number] {
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
  picture.data.set(rows.flatMap((row) => row.flatMap((value) => [...heatColour(value), 255])));
  context.putImageData(picture, 0, 0);
  const url = canvas.toDataURL();
  drawn.set(rows, url);
  return url;
}
