// The model's numbers, and questions about them.
const data = JSON.parse(document.getElementById('data').textContent);
const tensors = data.tensors;
const tensorCount = tensors.name.length;
const stepCount = Math.max(data.nodes.length, data.after.length);
const INPUT = 1, OUTPUT = 2;
const held = data.executor === 'StaticArena';

function operatorOf(step) { return data.op.length > step ? data.ops[data.op[step]] : ''; }
function typeOf(tensor) { return tensors.types[tensors.type[tensor]]; }

// The tensor whose buffer this one lies in. A damaged manifest could send the chain in a circle, so it is walked a limited way.
function rootOf(tensor) {
  for (let hops = 0; tensors.alias[tensor] >= 0 && hops < tensorCount; hops++) tensor = tensors.alias[tensor];
  return tensor;
}
const roots = Array.from({ length: tensorCount }, (_, tensor) => rootOf(tensor));

// Whether a tensor's bytes count: ONNX Runtime leaves inputs to the caller; a view has none of its own.
function counts(tensor) {
  return tensors.bytes[tensor] > 0 && !tensors.parts[tensor] && (held || tensors.role[roots[tensor]] !== INPUT);
}

function isLive(tensor, step) { return tensors.first[tensor] <= step && step <= tensors.last[tensor]; }

// Tensors live at a step, one a buffer, largest first.
function liveAt(step) {
  const byRoot = new Map();
  for (let tensor = 0; tensor < tensorCount; tensor++) {
    if (!isLive(tensor, step) || !counts(tensor)) continue;
    const known = byRoot.get(roots[tensor]);
    if (known === undefined || tensors.bytes[tensor] > tensors.bytes[known]) byRoot.set(roots[tensor], tensor);
  }
  return [...byRoot.values()].sort((a, b) => tensors.bytes[b] - tensors.bytes[a] || tensors.first[a] - tensors.first[b] || a - b);
}

// Tensors by the buffer they share.
const members = new Map();
for (let tensor = 0; tensor < tensorCount; tensor++) {
  if (!members.has(roots[tensor])) members.set(roots[tensor], []);
  members.get(roots[tensor]).push(tensor);
}

// Views by the tensors they consist of.
const viewsOf = new Map();
for (let tensor = 0; tensor < tensorCount; tensor++) {
  for (const part of tensors.parts[tensor] || []) {
    if (!viewsOf.has(part)) viewsOf.set(part, []);
    viewsOf.get(part).push(tensor);
  }
}

// Who wrote what a tensor's buffer holds at a step: the tensor's own writers, else those of the one in the buffer that was written last.
// None: the caller; null: not known.
function writersAt(tensor, step) {
  let writers = writtenBefore(tensor, step);
  if (writers) return writers;
  let latest = -2;
  for (const member of members.get(roots[tensor])) {
    const before = writtenBefore(member, step), last = before ? (before.length ? before[before.length - 1] : -1) : -2;
    if (last > latest) [writers, latest] = [before, last];
  }
  return writers;
}

function writtenBefore(tensor, step) {
  if (!tensors.writers[tensor]) return null;
  if (tensors.role[tensor] === INPUT || tensors.writers[tensor].length === 0) return [];
  const before = tensors.writers[tensor].filter(writer => writer <= step);
  return before.length ? before : null;
}

// Who needs a tensor's buffer from a step on: readers of what it holds, else the step that writes into it again (-1: none), and the caller.
function usesAfter(tensor, step) {
  const readers = new Set();
  let reusedAt = -1, output = false;
  // Who reads a view needs its parts; a set that grows while it is walked visits what is added.
  const seen = new Set(members.get(roots[tensor]));
  for (const member of seen) {
    for (const view of viewsOf.get(member) || []) seen.add(view);
    const writers = tensors.writers[member], written = writers && writers.length ? writers[0] : -1;
    if (written > step && !tensors.parts[member]) {
      if (reusedAt < 0 || written < reusedAt) reusedAt = written;
      continue;
    }
    for (const reader of tensors.readers[member] || []) if (reader >= step) readers.add(reader);
    if (tensors.role[member] === OUTPUT) output = true;
  }
  return { readers: [...readers].sort((a, b) => a - b), reusedAt: readers.size || output ? -1 : reusedAt, output };
}

function maximum(values, least) {
  for (const value of values) if (value > least) least = value;
  return least;
}

