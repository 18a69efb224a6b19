import { type Traffic, same } from "./traffic.ts";

/** JSON to and fro. */
export const json: Traffic = {
  name: "json",
  clients: 2,
  async visit(client) {
    const sent = { number: client.random(), list: Array.from({ length: client.below(200) }, (_, at) => `item ${at}`) };
    const body = JSON.stringify(sent);
    const headers = { "content-type": "application/json", "content-length": Buffer.byteLength(body) };
    const answer = await client.ask("/json", { method: "POST", body, headers });
    same("/json", answer.body.toString(), JSON.stringify({ got: sent }));
    return 1;
  },
};
