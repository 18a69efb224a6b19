import { markup, type Response } from "../../src/index.ts";
import { page } from "./layout.ts";

interface Picture {
  readonly file: string;
  readonly title: string;
  readonly alt: string;
  readonly kind: string;
  /** How the picture fills its frame. */
  readonly look?: "pixelated" | "contained";
}

const PICTURES: readonly Picture[] = [
  { file: "dusk.jpg", title: "Dusk", kind: "JPEG", alt: "A mill by a river, black against layered hills at sunset" },
  { file: "ripples.webp", title: "Ripples", kind: "WebP", alt: "Seven rings of waves that cross on dark water" },
  {
    file: "pixels.png",
    title: "Pixels",
    kind: "PNG",
    alt: "A mill with a red roof and a wheel, drawn in large square pixels",
    look: "pixelated",
  },
  {
    file: "contours.png",
    title: "The river Wend",
    kind: "PNG",
    alt: "A map: contour lines, a river, a mill on its race",
  },
  {
    file: "wheel.svg",
    title: "The wheel",
    kind: "SVG",
    alt: "A drawing of a water wheel that turns",
    look: "contained",
  },
];

/** Pictures in five formats, and a film that the browser plays by asking for ranges. */
export function gallery(): Response {
  return page(
    { title: "Gallery", path: "/gallery" },
    markup`
<section>
<h1>Gallery</h1>
<p class="lead">Each picture carries a validator, so that a second visit costs a 304 or nothing. The film is played by
ranges: move its slider and watch the answers with status 206.</p>
</section>
<section class="gallery">
${PICTURES.map(
  ({ file, title, alt, kind, look }) => markup`<figure>
<a href="/images/${file}"><img src="/images/${file}" alt="${alt}" class="${look ?? ""}" width="600" height="400" loading="lazy"></a>
<figcaption><strong>${title}</strong><span>${kind}</span></figcaption>
</figure>
`,
)}
<figure>
<video src="/images/wheel.webm" controls preload="metadata" width="480" height="320" aria-label="Twelve seconds of a turning wheel, with the sound of water"></video>
<figcaption><strong>Twelve seconds</strong><span>WebM, VP9 and Opus</span></figcaption>
</figure>
</section>
`,
  );
}
