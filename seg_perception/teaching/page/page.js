// The page of a teaching. All it knows is asked of the server below its own address.
const KEYS = "123456789qwertyuiopasdfghjklzxcvbnm";
const $ = (id) => document.getElementById(id);
const view = $("view"), pen = view.getContext("2d"), loupe = $("loupe").getContext("2d", { willReadFrequently: true });
const page = {
  state: null, index: 0, mode: "asked", question: null, chosen: null, brushing: false, stroke: null,
  cursor: null, image: null, maps: {}, hidden: false, verdictOf: "", serial: 0,
  held: "", silent: "", refused: "",
};

async function ask(path, document) {
  const options = document === undefined ? {} : {
    method: "POST", headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ author: $("author").value, ...document }),
  };
  const answer = await fetch(path, options);
  const found = await answer.json();
  if (!answer.ok) throw new Error(found.error || answer.statusText);
  return found;
}

function counted(number, what) { return `${number} ${what}${number === 1 ? "" : "s"}`; }

// What waits, a server that is gone, what was refused last, and what the server notes.
function banner() {
  const text = [page.held, page.silent, page.refused, ...(page.state?.notes ?? [])].filter(Boolean).join(" ");
  $("banner").textContent = text;
  $("banner").hidden = !text;
}
function say(text) { page.refused = text; banner(); }

async function attempt(work) {
  try { const found = await work(); page.silent = ""; banner(); return found; } catch (error) {
    fail(error);
    return null;
  }
}
function fail(error) {
  if (error instanceof TypeError) page.silent = "The server does not answer; start it again with --resume.";
  else page.refused = error.message;
  banner();
}
// What somebody does; a refusal stays until they do something else.
async function act(work) { page.refused = ""; return attempt(work); }

// Clicks wait in the browser's own storage until the server has stored them; those of another
// teaching, which had this address before, are none of this one.
const shelf = () => `teach-waiting ${page.state?.id}`;
const waiting = () => JSON.parse(localStorage.getItem(shelf()) || "[]");
function keep(entries) { localStorage.setItem(shelf(), JSON.stringify(entries)); }
let sending = false;
async function send() {
  if (sending) return;
  sending = true;
  try {
    for (let entries = waiting(); entries.length; entries = waiting()) {
      const [path, document, serial] = entries[0];
      try { await ask(path, document); page.silent = ""; } catch (error) {
        const full = /can't be written/.test(error.message);
        if (error instanceof TypeError || full) {
          page.held = `${counted(entries.length, "click")} ${entries.length === 1 ? "waits" : "wait"} to be stored.`;
          if (full) page.held += ` ${error.message}`; else fail(error);
          return;
        }
        fail(error);
      }
      // Another window may have sent it, too: each takes away what it sent, and nothing else.
      keep(waiting().filter((entry) => entry[2] !== serial));
    }
    page.held = "";
  } finally { sending = false; banner(); }
}
async function store(path, document) {
  page.refused = "";
  keep([...waiting(), [path, document, `${Date.now()} ${Math.random()}`]]);
  await send();
}

const frame = () => page.state.frames[page.index];
const finished = () => page.state.round && page.state.round.state === "done";

async function refresh() {
  const state = await attempt(() => ask("state"));
  if (!state) return;
  const first = !page.state, grown = !first && state.preview.caught_up !== page.state.preview.caught_up;
  page.state = state;
  drawState();
  if (grown && $("layer").value === "preview") await loadMaps();
  if (first) { layers(); await show(0); await nextQuestion(); }
}

function drawState() {
  const { state } = page, clicks = state.clicks.length;
  $("model").textContent = state.model;
  const taught = state.clicks.filter((c) => c.part === "teach").length;
  const minutes = Math.round(state.spent_s / 60);
  const frames = new Set(state.clicks.filter((c) => c.part === "teach").map((c) => c.frame)).size, proofs = clicks - taught;
  $("progress").textContent = `${counted(taught, "click")} on ${counted(frames, "frame")}, ${counted(proofs, "proof")}, ${minutes} min`;
  banner();
  drawClasses();
  drawRound();
  layers();
  if (page.image) draw();
}

function drawClasses() {
  const box = $("classes");
  const wanted = page.state.classes.map((c) => `${c.id}${c.name}`).join();
  if (box.dataset.of !== wanted) {
    box.dataset.of = wanted;
    box.replaceChildren(...page.state.classes.map((entry, place) => {
      const button = document.createElement("button");
      button.type = "button"; button.className = "class"; button.dataset.name = entry.name;
      const swatch = document.createElement("span"); swatch.className = "swatch"; swatch.style.background = entry.color;
      const name = document.createElement("span"); name.className = "name"; name.textContent = entry.name.replaceAll("_", "_\u200b");
      const count = document.createElement("span"); count.className = "count";
      const key = document.createElement("kbd"); key.textContent = KEYS[place] || "";
      button.append(swatch, name, count, key);
      button.addEventListener("click", () => choose(entry.name));
      return button;
    }));
    $("new-like").replaceChildren(...page.state.classes.map((c) => new Option(c.name, c.name)));
  }
  for (const button of box.children) {
    const entry = page.state.classes.find((c) => c.name === button.dataset.name);
    button.querySelector(".count").textContent = entry.clicks || "";
    button.setAttribute("aria-pressed", String(page.mode === "free" && page.chosen === entry.name));
  }
}

function drawRound() {
  const round = page.state.round, running = round && round.state === "running";
  $("training").hidden = $("stop").hidden = !running;
  $("train").disabled = Boolean(running);
  if (running) $("training").value = round.total ? 100 * round.done / round.total : 0;
  const verdict = round && round.verdict;
  const told = !round ? "" : running ? "Training; clicking goes on meanwhile." : round.state === "failed" ? round.reason
    : `Round ${round.number}, ${round.facts.clicks} clicks. ${verdict.text} ${round.facts.notes.join(" ")}`;
  $("verdict").textContent = told;
  const proving = verdict && verdict.decision === "ask more", teacher = page.state.teacher;
  const judging = !proving && teacher && teacher.more > 0;
  $("mode-gate").disabled = !proving && !judging;
  $("mode-gate").textContent = proving ? `Prove (${verdict.more})` : judging ? `Judge teacher (${teacher.more})` : "Prove";
  drawTeacher(teacher);
  $("release").disabled = !verdict || verdict.decision !== "better";
  $("slider-label").hidden = !(finished() && $("layer").value === "after");
  const key = round ? `${round.number}${round.state}` : "";
  if (key !== page.verdictOf) {
    page.verdictOf = key;
    page.maps = {};
    layers();
    if (finished()) { $("layer").value = "after"; setMode(verdict.decision === "ask more" ? "gate" : page.mode); }
    if (page.image) loadMaps();
  }
  if (page.mode === "gate" && $("mode-gate").disabled) setMode("asked");
}

function drawTeacher(teacher) {
  const box = $("teacher"), lines = teacher ? teacher.classes : [];
  box.hidden = !teacher;
  box.querySelector("summary").textContent = teacher ? teacher.text : "";
  box.querySelector("ul").replaceChildren(...lines.map(line => {
    const entry = document.createElement("li");
    entry.textContent = line;
    return entry;
  }));
}

function layers() {
  const follow = page.state.preview.behind;
  for (const option of $("layer").options) {
    if (option.value === "after") option.disabled = !finished();
    const told = `preview of the clicks${follow ? ` (${counted(follow, "frame")} to come)` : ""}`;
    if (option.value === "preview" && option.textContent !== told) option.textContent = told;
  }
}

async function picture(address) {
  const answer = await fetch(address);
  if (!answer.ok) throw new Error((await answer.json()).error);
  return createImageBitmap(await answer.blob());
}

async function show(index) {
  page.index = index; page.cursor = null; page.maps = {};
  const serial = ++page.serial;
  const image = await attempt(() => picture(`frame/${index}`));
  if (!image || serial !== page.serial) return;
  page.image = image;
  const larger = Math.max(1, 960 / image.width);
  view.width = Math.round(image.width * larger); view.height = Math.round(image.height * larger);
  const entry = frame();
  $("where").textContent = `${index + 1} of ${page.state.frames.length}`;
  $("reasons").textContent = `${entry.name}: ${entry.reasons.join("; ")}`;
  draw();
  await loadMaps();
}

// Label ids come as grey PNG; the colours are put on here.
async function loadMaps() {
  const layer = $("layer").value, wanted = layer === "after" ? ["before", "after"] : layer === "none" ? [] : [layer];
  const serial = page.serial;
  for (const which of wanted) {
    const name = which === "after" ? page.state.round.number : which;
    const address = which === "confidence" ? `confidence/${page.index}` : `labels/${name}/${page.index}`;
    const grey = await attempt(() => picture(address));
    if (!grey || serial !== page.serial) return;
    page.maps[which] = colored(grey, which === "confidence");
  }
  $("slider-label").hidden = !(finished() && layer === "after");
  draw();
}

function colored(grey, isConfidence) {
  const canvas = new OffscreenCanvas(grey.width, grey.height), at = canvas.getContext("2d");
  at.drawImage(grey, 0, 0);
  const data = at.getImageData(0, 0, grey.width, grey.height), bytes = data.data;
  const colors = new Map(page.state.classes.map((c) => [c.id, [1, 3, 5].map((n) => parseInt(c.color.slice(n, n + 2), 16))]));
  for (let n = 0; n < bytes.length; n += 4) {
    const value = bytes[n];
    const color = isConfidence ? [255 - value, value >> 1, 60] : colors.get(value) || [0, 0, 0];
    [bytes[n], bytes[n + 1], bytes[n + 2]] = color;
  }
  at.putImageData(data, 0, 0);
  return canvas;
}

const scale = () => view.width / frame().width;

function draw() {
  if (!page.image) return;
  pen.imageSmoothingEnabled = true;
  pen.globalAlpha = 1;
  pen.drawImage(page.image, 0, 0, view.width, view.height);
  const layer = $("layer").value;
  pen.imageSmoothingEnabled = false;
  pen.globalAlpha = page.hidden ? 0 : $("strength").value / 100;
  if (layer === "after" && page.maps.before && page.maps.after) {
    const edge = view.width * $("slider").value / 100;
    part(page.maps.before, 0, edge);
    part(page.maps.after, edge, view.width);
    pen.globalAlpha = 1; pen.fillStyle = "#fff"; pen.fillRect(edge - 1, 0, 2, view.height);
  } else if (page.maps[layer]) pen.drawImage(page.maps[layer], 0, 0, view.width, view.height);
  pen.globalAlpha = 1;
  marks();
  drawLoupe();
}

function part(map, from, to) {
  if (to <= from) return;
  pen.save(); pen.beginPath(); pen.rect(from, 0, to - from, view.height); pen.clip();
  pen.drawImage(map, 0, 0, view.width, view.height); pen.restore();
}

function marks() {
  const size = Math.max(5, view.width / 160), colors = new Map(page.state.classes.map((c) => [c.name, c.color]));
  for (const click of page.state.clicks) {
    if (click.frame !== page.index) continue;
    pen.beginPath(); pen.arc(click.x * scale(), click.y * scale(), size, 0, 7);
    pen.fillStyle = colors.get(click.label) || "#888"; pen.fill();
    pen.lineWidth = 2; pen.strokeStyle = click.kind === "free" ? "#fff" : "#000"; pen.stroke();
  }
  const point = target();
  if (point) ring(pen, point.x * scale(), point.y * scale(), size * 2.2);
}

function ring(at, x, y, size) {
  for (const [color, width] of [["#000", 5], ["#fff", 2]]) {
    at.strokeStyle = color; at.lineWidth = width;
    at.beginPath(); at.arc(x, y, size, 0, 7);
    at.moveTo(x - size * 1.8, y); at.lineTo(x - size * .5, y); at.moveTo(x + size * .5, y); at.lineTo(x + size * 1.8, y);
    at.moveTo(x, y - size * 1.8); at.lineTo(x, y - size * .5); at.moveTo(x, y + size * .5); at.lineTo(x, y + size * 1.8);
    at.stroke();
  }
}

function target() {
  if (page.mode === "free") return page.cursor;
  return page.question && page.question.index === page.index ? page.question : null;
}

function drawLoupe() {
  const point = target(), { width, height } = $("loupe");
  // Where is asked, in words, too.
  $("stage").dataset.point = point ? `${frame().name} ${point.x} ${point.y}` : "";
  loupe.fillStyle = "#000"; loupe.fillRect(0, 0, width, height);
  if (!point) return;
  const shown = page.image.width / frame().width, x = point.x * shown, y = point.y * shown;
  const wide = page.image.width / 8, high = wide * height / width;
  loupe.drawImage(page.image, x - wide / 2, y - high / 2, wide, high, 0, 0, width, height);
  ring(loupe, width / 2, height / 2, 9);
}

async function nextQuestion() {
  if (page.mode === "free") return;
  const found = await attempt(() => ask("question", { part: page.mode === "gate" ? "gate" : "teach" }));
  page.question = found && found.question;
  // The picture first: whoever sees the question sees its place.
  if (page.question && page.question.index !== page.index) await show(page.question.index);
  draw();
  drawTask();
}

function drawTask() {
  $("task").textContent = page.mode === "free" ? (page.chosen ? `Click on ${page.chosen} that is labelled as something else.` : "Choose a class, then click on errors.")
    : page.question ? (page.mode === "gate" ? "Proof: what is here?" : "What is here?") : "Nothing left to ask.";
}

function setMode(mode) {
  if (page.mode === mode) return;
  page.mode = mode; page.question = null;
  $("task").textContent = "One moment …";
  for (const name of ["asked", "free", "gate"]) $(`mode-${name}`).setAttribute("aria-pressed", String(name === mode));
  drawClasses();
  if (mode === "free") drawTask(); else nextQuestion();
}

async function choose(name) {
  if (page.mode === "free") {
    page.chosen = name;
    drawClasses(); drawTask();
    if (page.cursor && document.activeElement === $("stage")) await clickAt(page.cursor);
    return;
  }
  await answer(name);
}

async function answer(name) {
  if (!page.question) return;
  const question = page.question, proof = page.mode === "gate";
  page.question = null;
  $("task").textContent = "One moment …";
  draw();
  await store("answer", { question, label: name });
  await refresh();
  if (page.mode !== "free") await nextQuestion();
  if (!proof) await loadMaps();
}

async function clickAt(point) {
  if (!page.chosen) { say("Choose a class first."); return; }
  await store("click", { frame: page.index, ...point, label: page.chosen });
  await refresh();
  await loadMaps();
}

async function undo() {
  await act(() => ask("undo", {}));
  await refresh();
  await loadMaps();
}

function place(event) {
  const box = view.getBoundingClientRect(), { width, height } = frame();
  const x = Math.floor((event.clientX - box.left) / box.width * width);
  const y = Math.floor((event.clientY - box.top) / box.height * height);
  return { x: Math.min(Math.max(x, 0), width - 1), y: Math.min(Math.max(y, 0), height - 1) };
}

view.addEventListener("pointerdown", (event) => {
  if (page.mode !== "free") return;
  page.cursor = place(event);
  if (page.brushing && page.chosen) { page.stroke = [page.cursor]; view.setPointerCapture(event.pointerId); }
  draw();
});
view.addEventListener("pointermove", (event) => {
  if (!page.stroke) return;
  page.cursor = place(event);
  page.stroke.push(page.cursor);
  draw();
});
view.addEventListener("pointerup", async (event) => {
  if (page.mode !== "free") return;
  const stroke = page.stroke;
  page.stroke = null;
  if (!stroke) { await clickAt(place(event)); return; }
  await store("brush", { frame: page.index, path: stroke.map((p) => [p.x, p.y]), label: page.chosen });
  await refresh();
  await loadMaps();
});

function move(across, down) {
  const { width, height } = frame(), step = Math.max(1, Math.round(width / 100));
  const from = page.cursor || { x: width >> 1, y: height >> 1 };
  page.cursor = { x: Math.min(Math.max(from.x + across * step, 0), width - 1), y: Math.min(Math.max(from.y + down * step, 0), height - 1) };
  draw();
}

const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || !page.state) return;
  if (event.target.matches("input:not([type=range]), select, dialog *")) return;
  const entry = page.state.classes[KEYS.indexOf(event.key)];
  if (event.key in ARROWS && event.target.type !== "range" && page.mode === "free") { $("stage").focus(); move(...ARROWS[event.key]); }
  else if (event.key === "0") answer("");
  else if (event.key === "Backspace") undo();
  else if (event.key === ",") show((page.index + page.state.frames.length - 1) % page.state.frames.length);
  else if (event.key === ".") show((page.index + 1) % page.state.frames.length);
  else if (event.key === "/") $("brush").click();
  else if (event.key === " " && !event.target.matches("button, summary")) { page.hidden = true; draw(); }
  else if (KEYS.includes(event.key) && entry) choose(entry.name);
  else return;
  event.preventDefault();
});
document.addEventListener("keyup", (event) => { if (event.key === " ") { page.hidden = false; draw(); } });

$("previous").addEventListener("click", () => show((page.index + page.state.frames.length - 1) % page.state.frames.length));
$("next").addEventListener("click", () => show((page.index + 1) % page.state.frames.length));
$("layer").addEventListener("change", loadMaps);
$("strength").addEventListener("input", draw);
$("slider").addEventListener("input", draw);
$("unknown").addEventListener("click", () => answer(""));
$("undo").addEventListener("click", undo);
$("brush").addEventListener("click", () => {
  page.brushing = !page.brushing;
  $("brush").setAttribute("aria-pressed", String(page.brushing));
  if (page.brushing) setMode("free");
});
for (const mode of ["asked", "free", "gate"]) $(`mode-${mode}`).addEventListener("click", () => setMode(mode));
$("train").addEventListener("click", async () => { await act(() => ask("train", {})); await refresh(); });
$("stop").addEventListener("click", async () => { await act(() => ask("stop", {})); await refresh(); });
$("release").addEventListener("click", async () => {
  $("release").disabled = true;
  $("released").textContent = "Writing and proving the bundle …";
  const found = await act(() => ask("release", {}));
  $("released").textContent = found ? `Bundle: ${found.bundle}. Masks of ${found.frames} frames: ${found.masks}. ${found.notes.join(" ")}` : "";
});
$("add").addEventListener("click", () => $("dialog").showModal());
$("dialog").addEventListener("close", async () => {
  if ($("dialog").returnValue !== "add") return;
  await act(() => ask("class", { name: $("new-name").value, color: $("new-color").value, like: $("new-like").value }));
  $("new-name").value = "";
  await refresh();
});
$("author").value = localStorage.getItem("teach-author") || "";
$("author").addEventListener("change", () => localStorage.setItem("teach-author", $("author").value));

await refresh();
setInterval(async () => { await send(); await refresh(); }, 1500);
