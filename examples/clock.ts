// A stream of events: open /clock in a browser, or curl -N localhost:8080/clock

import { setInterval } from "node:timers/promises";
import { type Arc, arc, events, type ServerEvent } from "../src/index.ts";

async function* ticks(signal: AbortSignal): AsyncGenerator<ServerEvent> {
  yield tick();
  for await (const _ of setInterval(1000, undefined, { signal })) yield tick();
}

function tick(): ServerEvent {
  return { event: "tick", data: { at: new Date().toISOString() } };
}

const app: Arc = arc().get("/clock", (request) => events(ticks(request.signal)));

export default app;
