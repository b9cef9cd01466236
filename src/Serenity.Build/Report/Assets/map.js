// One rectangle a tensor: lifetime by offset. Without offsets (ONNX Runtime places when it runs) buffers are packed for the picture.
const placed = tensors.offset ? tensors.offset.map((offset, tensor) => offset >= 0 ? offset : tensors.offset[roots[tensor]]) : pack();
const mapTop = 1.02 * Math.max(1, held ? data.bytes : 1, mapEnd());

function mapEnd() {
  let end = 0;
  for (let tensor = 0; tensor < tensorCount; tensor++)
    if (placed[tensor] >= 0) end = Math.max(end, placed[tensor] + tensors.bytes[tensor]);
  return end;
}

// Buffers in order of birth, each at the lowest place that is free then; only what is still live is in the way.
function pack() {
  const buffers = new Map();
  for (let tensor = 0; tensor < tensorCount; tensor++) {
    if (!counts(tensor)) continue;
    const buffer = buffers.get(roots[tensor]);
    if (!buffer) {
      buffers.set(roots[tensor], { root: roots[tensor], from: tensors.first[tensor], to: tensors.last[tensor], bytes: tensors.bytes[tensor], at: 0 });
      continue;
    }
    buffer.from = Math.min(buffer.from, tensors.first[tensor]);
    buffer.to = Math.max(buffer.to, tensors.last[tensor]);
    buffer.bytes = Math.max(buffer.bytes, tensors.bytes[tensor]);
  }
  const order = [...buffers.values()].sort((a, b) => a.from - b.from || b.to - a.to || b.bytes - a.bytes || a.root - b.root);
  let live = [];
  for (const buffer of order) {
    live = live.filter(other => other.to >= buffer.from);
    for (const other of live) {
      if (buffer.at + buffer.bytes <= other.at) break;
      buffer.at = Math.max(buffer.at, other.at + other.bytes);
    }
    live.push(buffer);
    live.sort((a, b) => a.at - b.at);
  }
  const offsets = new Array(tensorCount).fill(-1);
  for (let tensor = 0; tensor < tensorCount; tensor++)
    if (counts(tensor)) offsets[tensor] = buffers.get(roots[tensor]).at;
  return offsets;
}

// How far a tensor fills its buffer: to the tensor that takes the buffer over, and in ONNX Runtime up to its own last use. What is left
// of the buffer's life there is shown as held: allocated, and nobody needs what is in it. An arena holds nothing that is not needed.
const filledTo = tensors.last.slice();
for (const group of members.values()) {
  if (group.length < 2) continue;
  const inOrder = group.slice().sort((a, b) => tensors.first[a] - tensors.first[b] || a - b);
  inOrder.forEach((tensor, index) => {
    if (tensors.role[tensor] === OUTPUT) return;
    const readers = tensors.readers[tensor] || [tensors.last[tensor]];
    let end = held ? tensors.last[tensor] : readers.length ? readers[readers.length - 1] : tensors.first[tensor];
    if (index + 1 < inOrder.length) end = Math.min(end, tensors.first[inOrder[index + 1]] - 1);
    filledTo[tensor] = Math.max(tensors.first[tensor], Math.min(end, tensors.last[tensor]));
  });
}

const shades = ['act-a', 'act-b', 'act-c'];
function colorOf(tensor) {
  const role = tensors.role[tensor];
  return colors[role === INPUT ? 'in' : role === OUTPUT ? 'out' : shades[tensor % 3]];
}

function inSight(tensor) {
  return placed[tensor] >= 0 && tensors.bytes[tensor] > 0 && tensors.last[tensor] + 1 >= view.from && tensors.first[tensor] <= view.to;
}

function drawMap(picture, context) {
  for (let tensor = 0; tensor < tensorCount; tensor++)
    if (!held && inSight(tensor) && filledTo[tensor] < tensors.last[tensor]) drawHeld(picture, context, tensor);
  for (let tensor = 0; tensor < tensorCount; tensor++)
    if (inSight(tensor) && !tensors.parts[tensor]) rectangle(picture, context, tensor);
  for (let tensor = 0; tensor < tensorCount; tensor++)
    if (inSight(tensor) && tensors.parts[tensor]) outline(picture, context, tensor, colors.view, 1.5);
  if (view.tensor >= 0) outline(picture, context, view.tensor, colors.ink, 2);
}

function box(picture, tensor, end) {
  const left = picture.x(tensors.first[tensor]), right = picture.x(end + 1);
  const top = picture.y(placed[tensor] + tensors.bytes[tensor]), bottom = picture.y(placed[tensor]);
  return { left, top, width: Math.max(1, right - left), height: Math.max(1, bottom - top) };
}

function drawHeld(picture, context, tensor) {
  const { left, top, width, height } = box(picture, tensor, tensors.last[tensor]);
  context.globalAlpha = 0.28;
  context.fillStyle = colors.view;
  context.fillRect(left, top, width, height);
  context.globalAlpha = 1;
}

function rectangle(picture, context, tensor) {
  const { left, top, width, height } = box(picture, tensor, filledTo[tensor]);
  const room = width > 5 && height > 5 ? 0.5 : 0;
  const dim = view.pinned >= 0 && !(tensors.first[tensor] <= view.pinned && view.pinned <= filledTo[tensor]);
  // Over what is held lies a ground of the card's own colour, so that a dimmed tensor does not take on another.
  context.fillStyle = colors.card;
  context.fillRect(left, top, width, height);
  context.globalAlpha = dim ? 0.42 : 1;
  context.fillStyle = colorOf(tensor);
  context.fillRect(left + room, top + room, width - 2 * room, height - 2 * room);
  context.globalAlpha = 1;
  if (height > 15 && width > 46) label(context, tensor, left, top, width, height, dim);
}

function outline(picture, context, tensor, color, thick) {
  if (placed[tensor] < 0) return;
  const { left, top, width, height } = box(picture, tensor, filledTo[tensor]);
  context.strokeStyle = color;
  context.lineWidth = thick;
  context.strokeRect(left + 1, top + 1, Math.max(0, width - 2), Math.max(0, height - 2));
}

function label(context, tensor, left, top, width, height, dim) {
  const start = Math.max(left, margin.left), room = Math.min(left + width, context.canvas.clientWidth - margin.right) - start - 8;
  const fits = Math.floor(room / 6.6);
  if (fits < 5) return;
  const text = tensors.name[tensor];
  context.fillStyle = dim ? colors.dim : colors['rect-ink'];
  context.textAlign = 'left';
  context.textBaseline = 'middle';
  context.fillText(text.length > fits ? '…' + text.slice(text.length - fits + 1) : text, start + 5, top + height / 2);
}

// The tensor under the pointer: the one that fills its buffer there, the smallest where views lie in what they view, else the one held.
function tensorAt(picture, x, y) {
  let best = -1, bestFilled = false;
  const step = picture.stepAt(x);
  for (let tensor = 0; tensor < tensorCount; tensor++) {
    if (placed[tensor] < 0 || tensors.bytes[tensor] === 0) continue;
    const at = box(picture, tensor, tensors.last[tensor]);
    if (x < at.left || x > at.left + at.width || y < at.top || y > at.top + at.height) continue;
    const filled = step <= filledTo[tensor];
    if (best < 0 || (filled && !bestFilled) || (filled === bestFilled && tensors.bytes[tensor] <= tensors.bytes[best])) {
      best = tensor;
      bestFilled = filled;
    }
  }
  return best;
}

function describeTensor(step, x, y, picture) {
  view.tensor = tensorAt(picture, x, y);
  if (view.tensor < 0) return describeStep(step);
  const tensor = view.tensor, lines = [[name(tensors.name[tensor])], [bold(full(tensors.bytes[tensor])), ' ', typeOf(tensor)]];
  if (held) lines.push(['offset ' + exact(placed[tensor]) + ' to ' + exact(placed[tensor] + tensors.bytes[tensor])]);
  lines.push(['live from step ' + tensors.first[tensor] + ' to ' + tensors.last[tensor]]);
  if (tensors.alias[tensor] >= 0) lines.push(['in the buffer of ', name(tensors.name[tensors.alias[tensor]])]);
  const uses = usesAfter(tensor, step);
  if (uses.readers.length > 0) lines.push(['next needed by ', ...nodeAt(uses.readers[0])]);
  else if (uses.reusedAt >= 0) lines.push(['kept for ', ...nodeAt(uses.reusedAt)]);
  return lines;
}

