// Draws what /streams/memory tells. The page works without it.
const gauge = document.getElementById("gauge");
const output = gauge.querySelector("output");
const curve = gauge.querySelector("polyline");
const readings = [];
const KEPT = 120;

const source = new EventSource("/streams/memory");
source.addEventListener("message", ({ data }) => {
  readings.push(Number(data) / 2 ** 20);
  if (readings.length > KEPT) readings.shift();
  gauge.hidden = false;
  output.textContent = `${readings.at(-1).toFixed(1)} MiB`;
  const low = Math.min(...readings);
  const span = Math.max(1, Math.max(...readings) - low);
  curve.setAttribute(
    "points",
    readings
      .map((value, index) => {
        const x = (index / Math.max(1, readings.length - 1)) * 100;
        const y = 92 - ((value - low) / span) * 84;
        return `${x.toFixed(2)},${y.toFixed(2)}`;
      })
      .join(" "),
  );
});
addEventListener("pagehide", () => source.close());
