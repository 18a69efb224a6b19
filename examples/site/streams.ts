import { setTimeout as sleep } from "node:timers/promises";
import { events, markup, type Request, Response } from "../../src/index.ts";
import { page } from "./layout.ts";

const STEPS = [
  "The sluice is opened.",
  "Water runs down the race.",
  "The first bucket is full.",
  "The wheel begins to move.",
  "The pit wheel turns the wallower.",
  "The great spur wheel is at speed.",
  "The runner stone turns.",
  "Grain falls from the hopper.",
  "The damsel shakes the shoe.",
  "Meal runs down the chute.",
  "The first sack is tied.",
  "The sluice is closed.",
];

const WAIT = 350;

/** The page about streams: one that needs no script, and one that does. */
export function streams(): Response {
  return page(
    { title: "Streams", path: "/streams", script: "/live.js" },
    markup`
<section>
<h1>Streams</h1>
<p class="lead">A response may take its time. Each piece leaves as soon as it is made, waits when the reader is slow, and
stops being made when the reader has gone.</p>
</section>
<section>
<h2>A page that grows</h2>
<p>The frame below is a page of its own, written line by line. There is no script in it.
<a href="/streams/day">Open it alone</a>.</p>
<iframe src="/streams/day" title="A day at the mill, arriving line by line"></iframe>
</section>
<section>
<h2>A curve that moves</h2>
<p>Server-sent events tell how much memory the objects of this server take, twice a second. The script that draws them is 30 lines;
<a href="/streams/memory">without it</a>, they are plain text.</p>
<div class="gauge" id="gauge" hidden>
<output aria-live="off">…</output>
<svg viewBox="0 0 100 100" preserveAspectRatio="none" aria-hidden="true"><polyline points=""/></svg>
</div>
<noscript><p class="note">The curve needs the script.</p></noscript>
</section>
`,
  );
}

/** HTML that grows: a browser shows what has come while the rest is still being made. */
export function day(request: Request): Response {
  return new Response(lines(request.signal), {
    headers: { "content-type": "text/html; charset=utf-8", "cache-control": "no-store" },
  });
}

async function* lines(signal: AbortSignal): AsyncGenerator<string> {
  yield `<!doctype html><html lang="en"><meta charset="utf-8"><title>A day at the mill</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="stylesheet" href="/site.css"><body class="bare"><ol class="log" role="log">\n`;
  for (const step of STEPS) {
    await sleep(WAIT, undefined, { signal });
    yield `<li><time>${new Date().toISOString().slice(11, 21)}</time> <span>${step}</span></li>\n`;
  }
  yield "</ol></body></html>\n";
}

/** Server-sent events: what the objects of this process take, until the reader goes away. */
export function memory(request: Request): Response {
  return events(readings(request.signal));
}

async function* readings(signal: AbortSignal): AsyncGenerator<{ data: string }> {
  while (!signal.aborted) {
    yield { data: String(process.memoryUsage().heapUsed) };
    await sleep(500, undefined, { signal });
  }
}
