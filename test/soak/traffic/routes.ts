import { type Traffic, same } from "./traffic.ts";

/** Small answers of routes. */
export const routes: Traffic = {
  name: "routes",
  clients: 4,
  async visit(client) {
    const hello = await client.ask("/hello");
    same("/hello", hello.status, 200);
    same("/hello", hello.body.toString(), "hello");
    const id = `${client.below(1000)}`;
    const user = await client.ask(`/users/${id}?q=a%20b`);
    same("/users/:id", user.body.toString(), JSON.stringify({ id, q: "a b" }));
    const missing = await client.ask("/nowhere");
    same("/nowhere", missing.status, 404);
    return 3;
  },
};
