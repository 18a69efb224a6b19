import { markup, type Request, type Response, trustedMarkup } from "../../src/index.ts";
import { page } from "./layout.ts";

const SAMPLE = trustedMarkup(`<i>// app.ts</i>
<b>import</b> { arc, files, HttpError } <b>from</b> <em>"millrace"</em>;

<b>const</b> api = arc()
  .before((request) =&gt; {
    <b>if</b> (!mayEnter(request)) <b>throw new</b> HttpError(403);
  })
  .get(<em>"/wheels"</em>, () =&gt; wheels)
  .get(<em>"/wheels/:id"</em>, ({ params }) =&gt; find(params.id))
  .post(<em>"/wheels"</em>, <b>async</b> (request) =&gt;
    [201, add(<b>await</b> request.json())]);

<b>export default</b> arc()
  .mount(<em>"/api"</em>, api)
  .mount(<em>"/"</em>, files(<em>"./public"</em>));`);

const CARDS: readonly (readonly [href: string, title: string, text: string])[] = [
  [
    "/gallery",
    "Gallery",
    "Five kinds of picture and a film. Files come from memory with validators; the film is sent in ranges.",
  ],
  [
    "/streams",
    "Streams",
    "A page that is still being written while you read it, and a curve drawn from server-sent events.",
  ],
  ["/upload", "Upload", "A form and its files, streamed to disk piece by piece and counted, hashed and looked at."],
  ["/wheels", "API", "A list, an item, a POST. Values become JSON; what is missing becomes a problem document."],
  ["/downloads/", "Downloads", "A folder as it is, with sorting, sizes, dates, and folders inside."],
  ["/errors", "Errors", "What a visitor sees when there is nothing, when a method is wrong, and when the code fails."],
];

/** The first page: what millrace is, and where to look. */
export function home(request: Request): Response {
  // RFC 8297: the browser fetches these while the page is still being written.
  request.earlyHints(["</site.css>; rel=preload; as=style", "</images/wheel.svg>; rel=preload; as=image"]);
  return page(
    { title: "millrace", path: "/" },
    markup`
<section class="hero">
<div>
<h1>One channel from socket to page</h1>
<p class="lead">millrace is a web server and a web framework for TypeScript, in one package. It serves a folder with one
command, and its parts are values that you import when a folder is not enough.</p>
<p class="actions"><a href="#tour">See how it reads</a> <a href="/gallery">Look around</a></p>
</div>
<img src="/images/wheel.svg" alt="A water wheel turning under the water of its race" width="520" height="440">
</section>

<section>
<h2>The way of a request</h2>
<p>A mill race is the channel whose fast water drives a mill. A request runs down one channel too, and everything it
meets has the same shape: a function from a request to a response.</p>
<ol class="flow">
<li><strong>Connection</strong> TCP, a unix socket or memory: a pipe of octets.</li>
<li><strong>Session</strong> Strict HTTP/1.1, one exchange after the other.</li>
<li><strong>Layers</strong> Before, after, around; folded once, at start.</li>
<li><strong>Host and route</strong> Path, then method, then filter.</li>
<li><strong>Handler</strong> Yours. It returns a value.</li>
</ol>
</section>

<section class="split" id="tour">
<div>
<h2>What it feels like</h2>
<p>Handlers return values: text, an object, octets, a stream, <code>null</code>, or a status with any of these. What is
expected is returned, what is not is thrown.</p>
<p>Parameters are typed from the pattern. Groups of routes nest and keep their layers. An app written for
<code>fetch</code>, in Hono or h3, can be mounted as it stands.</p>
<p>This site is such an app: <code>examples/site/server.ts</code> and a page for each link above.</p>
</div>
<pre tabindex="0"><code>${SAMPLE}</code></pre>
</section>

<section>
<h2>On this site</h2>
<ul class="cards">
${CARDS.map(([href, title, text]) => markup`<li class="card"><h3><a href="${href}">${title}</a></h3><p>${text}</p></li>`)}
</ul>
</section>

<section>
<h2>Your request</h2>
<p>The page was made for it, just now.</p>
<dl class="facts">
<dt>Request line</dt><dd><code>${request.method} ${request.target}</code></dd>
<dt>Host</dt><dd>${request.host}</dd>
<dt>Protocol</dt><dd>${request.protocol}</dd>
<dt>From</dt><dd>${request.remoteAddress === "" ? "a unix socket" : `${request.remoteAddress}, port ${request.remotePort}`}</dd>
<dt>Accepts</dt><dd>${request.headers.get("accept") ?? "anything"}</dd>
<dt>At</dt><dd>${new Date().toUTCString()}</dd>
</dl>
</section>
`,
  );
}
