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

const shades = ['act-a', 'act-b', 'act-c'];
function colorOf(tensor) {
  const role = tensors.role[tensor];
  return colors[role === INPUT ? 'in' : role === OUTPUT ? 'out' : shades[tensor % 3]];
}

function drawMap(picture, context) {
  for (const outlines of [false, true]) {
    for (let tensor = 0; tensor < tensorCount; tensor++) {
      const outlined = tensors.alias[tensor] >= 0 || tensors.view[tensor] === 1;
      if (outlined !== outlines || placed[tensor] < 0 || tensors.bytes[tensor] === 0) continue;
      if (tensors.last[tensor] + 1 < view.from || tensors.first[tensor] > view.to) continue;
      rectangle(picture, context, tensor, outlined);
    }
  }
}

function box(picture, tensor) {
  const left = picture.x(tensors.first[tensor]), right = picture.x(tensors.last[tensor] + 1);
  const top = picture.y(placed[tensor] + tensors.bytes[tensor]), bottom = picture.y(placed[tensor]);
  return { left, top, width: Math.max(1, right - left), height: Math.max(1, bottom - top) };
}

function rectangle(picture, context, tensor, outlined) {
  const { left, top, width, height } = box(picture, tensor);
  const room = width > 5 && height > 5 ? 0.5 : 0;
  const dim = view.pinned >= 0 && !isLive(tensor, view.pinned);
  context.globalAlpha = dim ? 0.42 : 1;
  if (tensors.alias[tensor] >= 0 || !outlined) {
    context.fillStyle = colorOf(tensor);
    context.fillRect(left + room, top + room, width - 2 * room, height - 2 * room);
  }
  if (outlined) {
    context.strokeStyle = colors.view;
    context.lineWidth = 1.5;
    context.strokeRect(left + 1, top + 1, Math.max(0, width - 2), Math.max(0, height - 2));
  }
  if (tensor === view.tensor) {
    context.strokeStyle = colors.ink;
    context.lineWidth = 2;
    context.strokeRect(left, top, width, height);
  }
  if (height > 15 && width > 46 && !tensors.view[tensor]) label(context, tensor, left, top, width, height, dim);
  context.globalAlpha = 1;
}

function label(context, tensor, left, top, width, height, dim) {
  const start = Math.max(left, margin.left), room = Math.min(left + width, margin.left + context.canvas.clientWidth) - start - 8;
  const fits = Math.floor(room / 6.6);
  if (fits < 5) return;
  const text = tensors.name[tensor];
  context.globalAlpha = 1;
  context.fillStyle = dim ? colors.dim : colors['rect-ink'];
  context.textAlign = 'left';
  context.textBaseline = 'middle';
  context.fillText(text.length > fits ? '…' + text.slice(text.length - fits + 1) : text, start + 5, top + height / 2);
}

// The smallest tensor under the pointer: views lie inside what they view.
function tensorAt(picture, x, y) {
  let best = -1;
  for (let tensor = 0; tensor < tensorCount; tensor++) {
    if (placed[tensor] < 0 || tensors.bytes[tensor] === 0) continue;
    const at = box(picture, tensor);
    if (x < at.left || x > at.left + at.width || y < at.top || y > at.top + at.height) continue;
    if (best < 0 || tensors.bytes[tensor] <= tensors.bytes[best]) best = tensor;
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
  const needed = neededBy(tensor, step);
  if (needed && needed.length > 0 && needed[0] < data.nodes.length) lines.push(['next needed by ', name(data.nodes[needed[0]]), ' (step ' + needed[0] + ')']);
  return lines;
}

