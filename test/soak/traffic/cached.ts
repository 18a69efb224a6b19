import { page } from "../content.ts";
import { type Traffic, same } from "./traffic.ts";

/** Answers that are stored, a few keys by many and many by few. */
export const cached: Traffic = {
  name: "cached",
  clients: 3,
  async visit(client) {
    const key = client.random() < 0.8 ? `k${client.below(10)}` : `k${client.below(5000)}`;
    const answer = await client.ask(`/cached/${key}`);
    same("/cached", answer.status, 200);
    same("/cached", answer.body.toString(), `${key} ${page(key)}`);
    return 1;
  },
};
