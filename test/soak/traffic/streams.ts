import { pattern } from "../content.ts";
import { type Traffic, same, sameOctets } from "./traffic.ts";

/** Streams down, up and down at once, and event streams. */
export const streams: Traffic = {
  name: "streams",
  clients: 2,
  async visit(client) {
    const length = client.below(500_000);
    const down = await client.ask(`/stream?length=${length}`);
    sameOctets("/stream", down.body, pattern(0, length));
    const content = pattern(client.below(1000), client.below(200_000));
    const mirrored = await client.ask("/mirror", { method: "POST", body: content });
    sameOctets("/mirror", mirrored.body, content);
    const count = client.below(30);
    const told = await client.ask(`/events/${count}`);
    same("/events", told.headers["content-type"]?.split(";")[0], "text/event-stream");
    same("/events", told.body.toString().match(/^data: message \d+$/gm)?.length ?? 0, count);
    return 3;
  },
};
