import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { mkdtemp, open, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { markup, type Markup, type Request, type Response, type SavedFile, saveUploads } from "../../src/index.ts";
import { page } from "./layout.ts";

const MIB = 1024 * 1024;
const LIMITS = { parts: 20, file: 64 * MIB, total: 128 * MIB };

/** Octets up to which a picture is shown. */
const SHOWN = 256 * 1024;

/** What pictures begin with: the sender's word for it is not taken. */
const PICTURES: readonly (readonly [type: string, start: RegExp])[] = [
  // oxlint-disable-next-line no-control-regex -- octets of a file
  ["image/png", /^\x89PNG\r\n\x1a\n/],
  ["image/jpeg", /^\xff\xd8\xff/],
  ["image/gif", /^GIF8[79]a/],
  ["image/webp", /^RIFF....WEBP/s],
];

/** The page with the form. */
export function uploadPage(): Response {
  return page(
    { title: "Upload", path: "/upload" },
    markup`
<section class="split">
<div>
<h1>Upload</h1>
<p class="lead">Files go to the disk as they arrive. However large they are, the server holds a few pieces of 64 KiB, and
a slow disk slows the sender down.</p>
<p class="note">What the sender says about a file (its name, its type) is shown and not believed: it is saved under a name
of the server's own, looked at, and removed when this page has been sent.</p>
</div>
${FORM}
</section>
`,
  );
}

const FORM = markup`<form class="panel" method="post" enctype="multipart/form-data">
<label>Your name <input name="name" autocomplete="name" maxlength="80" placeholder="Miller"></label>
<label>A note <textarea name="note" maxlength="2000"></textarea></label>
<label>Files <small>up to 64 MiB each; they are looked at and removed again</small>
<input type="file" name="files" multiple></label>
<button>Send</button>
</form>`;

/** Takes the form and tells what has come. */
export async function upload(request: Request): Promise<Response> {
  const folder = await mkdtemp(join(tmpdir(), "millrace-demo-"));
  request.onEnd(() => rm(folder, { recursive: true, force: true }));
  const { fields, files } = await saveUploads(request, folder, { limits: LIMITS });
  // A browser sends an empty file without a name when none was chosen.
  const chosen = files.filter(({ filename, size }) => filename !== "" || size > 0);
  const cards: Markup[] = [];
  for (const file of chosen) cards.push(await cardOf(file));
  const note = fields.get("note") ?? "";
  return page(
    { title: "What arrived", path: "/upload" },
    markup`
<section>
<h1>What arrived</h1>
<p class="lead">Thank you${fields.get("name") ? `, ${fields.get("name")}` : ""}. ${sentence(chosen.length)}</p>
${note === "" ? null : markup`<p>Your note: “${note}”</p>`}
</section>
${chosen.length === 0 ? null : markup`<section><div class="cards arrived">${cards}</div></section>`}
<section class="split">
<h2>Once more</h2>
${FORM}
</section>
`,
  );
}

function sentence(files: number): string {
  if (files === 0) return "No file came with the form.";
  return files === 1 ? "One file came with the form." : `${files} files came with the form.`;
}

async function cardOf({ path, filename, type, size }: SavedFile): Promise<Markup> {
  const start = await firstOctets(path);
  const picture = PICTURES.find(([, pattern]) => pattern.test(start.toString("latin1")))?.[0];
  const shown = picture !== undefined && size <= SHOWN;
  return markup`<article class="card">
${shown ? markup`<img src="data:${picture};base64,${(await readFile(path)).toString("base64")}" alt="The picture that was sent">` : null}
<h2>${filename === "" ? "Without a name" : filename}</h2>
<dl class="facts">
<dt>Size</dt><dd>${size.toLocaleString("en")} octets</dd>
<dt>Claims to be</dt><dd>${type}</dd>
<dt>Begins with</dt><dd><code>${start.toString("hex").replaceAll(/(..)(?=.)/g, "$1 ") || "nothing"}</code></dd>
<dt>SHA-256</dt><dd><code class="hash">${await sha256(path)}</code></dd>
</dl>
</article>`;
}

async function firstOctets(path: string): Promise<Buffer> {
  await using file = await open(path);
  const { buffer, bytesRead } = await file.read(Buffer.alloc(16), 0, 16, 0);
  return buffer.subarray(0, bytesRead);
}

async function sha256(path: string): Promise<string> {
  const hash = createHash("sha256");
  for await (const octets of createReadStream(path)) hash.update(octets as Uint8Array);
  return hash.digest("hex");
}
