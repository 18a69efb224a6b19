import { figure, type Result } from "./report.ts";
import { median } from "./stats.ts";

const WIDTH = 760;
const LABELS = 190;
const BAR = 16;
const STEP = 22;
const HEAD = 46;
const GAP = 26;

/** The chart brings its own ground: a page need not follow the scheme that its reader's system asks for. */
const STYLE = `
  .ground { fill: #ffffff }
  text { font: 13px system-ui, sans-serif; fill: #24292f }
  .title { font-weight: 600; font-size: 15px }
  .unit { fill: #6e7781 }
  .value { font-variant-numeric: tabular-nums }
  .bar { fill: #8c959f }
  .subject { fill: #0a7ea4 }
  @media (prefers-color-scheme: dark) {
    .ground { fill: #0d1117 }
    text { fill: #e6edf3 }
    .unit { fill: #9198a1 }
    .bar { fill: #6e7681 }
    .subject { fill: #39b3da }
  }`;

/** A bar for each peer of each row; shorter is better. One row below the other, each on its own scale. */
export function chart(results: readonly Result[], caption: string): string {
  let y = GAP;
  const panels: string[] = [];
  for (const result of results) {
    if (result.measured.length === 0) continue;
    panels.push(panel(result, y));
    y += HEAD + result.measured.length * STEP + GAP;
  }
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${y + 20}" width="${WIDTH}" role="img">
<title>Benchmark of millrace and its peers</title>
<style>${STYLE}
</style>
<rect class="ground" width="100%" height="100%" rx="8"/>
${panels.join("\n")}
<text class="unit" x="16" y="${y}">${escape(caption)}</text>
</svg>
`;
}

function panel({ title, measure, subject, measured }: Result, top: number): string {
  const bars = measured.map(({ name, rounds }) => ({ name, value: median(rounds) })).sort((a, b) => a.value - b.value);
  const longest = Math.max(...bars.map(({ value }) => value));
  const scale = (WIDTH - LABELS - 90) / longest;
  const lines = bars.map(({ name, value }, index) => {
    const y = top + HEAD + index * STEP;
    const width = Math.max(1, value * scale).toFixed(1);
    const end = (LABELS + Number(width) + 8).toFixed(1);
    return `<text x="${LABELS - 8}" y="${y + 12}" text-anchor="end">${escape(name)}</text>
<rect class="bar${name.startsWith(subject) ? " subject" : ""}" x="${LABELS}" y="${y}" width="${width}" height="${BAR}" rx="2"/>
<text class="value" x="${end}" y="${y + 12}">${figure(value)}</text>`;
  });
  return `<text class="title" x="16" y="${top + 14}">${escape(title)}</text>
<text class="unit" x="16" y="${top + 33}">${escape(measure)}, shorter is better</text>
${lines.join("\n")}`;
}

function escape(text: string): string {
  return text.replace(/[&<>"]/g, (character) => `&#${character.charCodeAt(0)};`);
}
