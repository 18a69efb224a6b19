// Layers: a guard before every route, checked content, a field on every answer. Try it with
// curl -H 'authorization: Bearer mill' -d '{"text":"flour"}' localhost:8080/notes

import { type Arc, arc, HttpError } from "../src/index.ts";

interface Note {
  readonly id: number;
  readonly text: string;
}

const notes: Note[] = [];

const app: Arc = arc()
  .before((request) => {
    if (request.headers.get("authorization") === "Bearer mill") return;
    throw new HttpError(401, { fields: { "www-authenticate": "Bearer" } });
  })
  .get("/notes", () => notes)
  .get("/notes/:id", ({ params }) => notes[Number(params.id) - 1] ?? new HttpError(404))
  .post("/notes", async (request) => {
    const { text } = await request.json<Partial<Note>>();
    if (typeof text !== "string") throw new HttpError(422, "A note has a text");
    const note = { id: notes.length + 1, text };
    notes.push(note);
    return [201, note];
  })
  .after((response) => {
    response.headers.set("x-notes", "1");
  });

export default app;
