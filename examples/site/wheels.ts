import { arc, type Arc, escapeUrl, HttpError, markup, type Request, type Response } from "../../src/index.ts";
import { page } from "./layout.ts";

/** A kind of water wheel. */
interface Wheel {
  readonly id: string;
  readonly name: string;
  /** Where the water meets it. */
  readonly water: string;
  /** Part of the water's energy that it takes, in percent. */
  readonly efficiency: number;
}

const wheels = new Map<string, Wheel>(
  [
    { id: "overshot", name: "Overshot", water: "over the top", efficiency: 85 },
    { id: "breastshot", name: "Breastshot", water: "at the height of the axle", efficiency: 75 },
    { id: "undershot", name: "Undershot", water: "under the wheel", efficiency: 30 },
    { id: "poncelet", name: "Poncelet", water: "under curved floats", efficiency: 60 },
    { id: "pelton", name: "Pelton", water: "a jet into twin cups", efficiency: 90 },
  ].map((wheel) => [wheel.id, wheel]),
);

/** What visitors add goes first when this many are kept. */
const KEPT = 25;

/** The API: a list, one item, and a way to add. Plain values become JSON. */
export const api: Arc = arc()
  .get("/wheels", () => [...wheels.values()])
  .get("/wheels/:id", ({ params }) => wheels.get(params.id) ?? new HttpError(404, `There is no wheel "${params.id}"`))
  .post("/wheels", add);

async function add(request: Request): Promise<[number, Wheel]> {
  const wheel = checked(await request.json());
  if (wheels.size >= KEPT) wheels.delete([...wheels.keys()][5] ?? "");
  wheels.set(wheel.id, wheel);
  return [201, wheel];
}

function checked(value: unknown): Wheel {
  const { name, water, efficiency } = (value ?? {}) as Record<string, unknown>;
  if (typeof name !== "string" || !/^[\p{L}\p{N} -]{1,40}$/u.test(name)) {
    throw new HttpError(422, '"name" is 1 to 40 letters, digits, spaces and hyphens');
  }
  if (typeof water !== "string" || water.length > 60) throw new HttpError(422, '"water" is up to 60 characters');
  if (typeof efficiency !== "number" || !(efficiency >= 0 && efficiency <= 100)) {
    throw new HttpError(422, '"efficiency" is a number from 0 to 100');
  }
  return { id: name.toLowerCase().replaceAll(" ", "-"), name, water, efficiency };
}

/** The page about the API, with what it holds now. */
export function wheelsPage(): Response {
  return page(
    { title: "API", path: "/wheels" },
    markup`
<section>
<h1>An API of wheels</h1>
<p class="lead">Handlers return values and millrace makes JSON of them. What fails is a problem document (RFC 9457) for
programs and a page for people, whichever the client says it accepts.</p>
</section>
<section>
<h2>What it holds</h2>
<div class="scroll" tabindex="0" role="region" aria-label="Wheels"><table>
<thead><tr><th scope="col">Wheel</th><th scope="col">Water goes</th><th scope="col" class="number">Efficiency</th></tr></thead>
<tbody>
${[...wheels.values()].map(
  ({
    id,
    name,
    water,
    efficiency,
  }) => markup`<tr><th scope="row"><a href="/api/wheels/${escapeUrl(id)}">${name}</a></th><td>${water}</td>
<td class="number">${efficiency} %</td></tr>
`,
)}</tbody>
</table></div>
</section>
<section class="split">
<div>
<h2>Ask it</h2>
<p>Each name above leads to its item; the list is at <a href="/api/wheels">/api/wheels</a>. A wheel that does not exist,
<a href="/api/wheels/square">/api/wheels/square</a>, shows the other side.</p>
<p>A POST adds a wheel. It answers 201, or 422 and says what is wrong.</p>
</div>
<pre tabindex="0"><code>curl localhost:8080/api/wheels/overshot

curl localhost:8080/api/wheels \\
  --json '{"name":"Norse","water":"a jet","efficiency":20}'

curl -i localhost:8080/api/wheels/square</code></pre>
</section>
`,
  );
}
